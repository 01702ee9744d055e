"""The report of one run: documents made from its record."""
