"""The names of the document profiles; each is a file `documents/profiles/<name>.toml`."""

PROFILE_NAMES: tuple[str, ...] = ("atx", "vi-law", "de-law", "numbered", "us-bylaws", "eu-act")
DEFAULT_PROFILE = "atx"
"""For any Markdown; it knows the numbering of no law."""
EDIT_PROFILE = "edit"
"""Profile of a run that edits drafts: there is no document to scan, and no profile has this name."""
