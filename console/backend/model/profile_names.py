"""The names of the document profiles; each but `akn` is a file `documents/profiles/<name>.toml`."""

PROFILE_NAMES: tuple[str, ...] = ("atx", "vi-law", "de-law", "numbered", "us-bylaws", "eu-act", "akn")
PROFILE_OPTIONS: dict[str, tuple[str, ...]] = {"de-law": ("bis", "numbers"), "eu-act": ("bis",)}
"""The options of each shipped profile that has some; chosen by `de-law+numbers`, several in this order."""
SHIPPED_NAMES: tuple[str, ...] = tuple(
    "+".join((name, *option))
    for name in PROFILE_NAMES
    for option in ((), *((o,) for o in PROFILE_OPTIONS.get(name, ())))
)
"""Each shipped profile by itself and with each of its options; several options can be chosen together."""
DEFAULT_PROFILE = "atx"
"""For any Markdown; it knows the numbering of no law."""
AKN_PROFILE = "akn"
"""For Akoma Ntoso: the structure is that of the markup, and no pattern is matched."""
TEXT_PROFILES: tuple[str, ...] = tuple(name for name in PROFILE_NAMES if name != AKN_PROFILE)
EDIT_PROFILE = "edit"
"""Profile of a run that edits drafts: there is no document to scan, and no profile has this name."""
REPEAL_PROFILE = "repeal"
"""Profile of a run that repeals a document, likewise."""
