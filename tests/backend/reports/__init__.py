"""Bundles and run reports."""
