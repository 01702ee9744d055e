"""The schema of the console's own in a database: its name, owner and comment, each once."""

CONSOLE_SCHEMA = "cutter_console"
"""Every function of the product stands here; statements name it, and 0022 moves what stood elsewhere."""
CONSOLE_SCHEMA_OWNER = "cutter_owner"
CONSOLE_SCHEMA_COMMENT = "What the operator console keeps in this database; nothing else of the database depends on it."
"""With the owner, the mark by which `migrate` and the script of `adopt apply` know the schema as this product's."""
