"""Cuts that are written through an organisation's own functions."""
