"""Deployed release: the manifest of its files, and the pins of host and database."""
