"""The names of the document profiles; each but `akn` is a file `documents/profiles/<name>.toml`."""

PROFILE_NAMES: tuple[str, ...] = ("atx", "vi-law", "de-law", "numbered", "us-bylaws", "eu-act", "akn")
DEFAULT_PROFILE = "atx"
"""For any Markdown; it knows the numbering of no law."""
AKN_PROFILE = "akn"
"""For Akoma Ntoso: the structure is that of the markup, and no pattern is matched."""
TEXT_PROFILES: tuple[str, ...] = tuple(name for name in PROFILE_NAMES if name != AKN_PROFILE)
