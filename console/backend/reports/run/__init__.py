"""The report of one run: thirteen documents made from its record."""
