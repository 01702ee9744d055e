"""A database that was there before: read, inspected and prepared, with nothing of it changed."""
