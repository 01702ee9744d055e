"""The combinations of a test's parameters, as the tables of the matrices name them."""

Kept = tuple[str, ...]
"""Patterns of the combinations that are taken."""
