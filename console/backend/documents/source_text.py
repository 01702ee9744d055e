"""The canonical text of a source by its profile: normalised text, or the text that the markup of Akoma Ntoso gives."""

from console.backend.documents.canonical import CanonicalText, canonical_text
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.model.profile_names import AKN_PROFILE


def canonical_of(raw: bytes, profile: str, limits: Limits = DEFAULT_LIMITS) -> CanonicalText:
    """Return the canonical text of a document's raw bytes by the rule of its profile. Raises RefusedText."""
    if profile != AKN_PROFILE:
        return canonical_text(raw, limits)
    # Loaded for this profile alone: it brings an XML library.
    from console.backend.documents.akn.intake import akn_text

    return akn_text(raw, limits)
