"""Runs from their start to their end, by evidence."""
