"""The names of the document profiles; each is a file `documents/profiles/<name>.toml`."""

PROFILE_NAMES: tuple[str, ...] = ("atx", "vi-law", "de-law")
DEFAULT_PROFILE = "atx"
"""For any Markdown; it knows the numbering of no law."""
