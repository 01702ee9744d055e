"""Transient PostgreSQL clusters, for restore proofs and the demo."""
