"""Widgets and texts that several screens share."""
