"""The names of the document profiles; each is a file `documents/profiles/<name>.toml`."""

PROFILE_NAMES: tuple[str, ...] = ("atx", "vi-law", "de-law", "numbered", "us-bylaws", "eu-act")
DEFAULT_PROFILE = "atx"
"""For any Markdown; it knows the numbering of no law."""
