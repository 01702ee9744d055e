"""cutter-console: the operator console for cuts of rules into PostgreSQL."""

__version__ = "0.3.0"
