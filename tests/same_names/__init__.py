"""A database whose own tables and functions have the console's names: the console's own stand in other schemas beside them."""
