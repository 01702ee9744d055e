"""One passage of one plan through the phases."""
