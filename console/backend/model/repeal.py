"""A repeal as a plan: a document of no text and no unit, so that everything that is law is gone."""

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import Coverage, DocumentPlan, SourceVersion
from console.backend.model.profile_names import REPEAL_PROFILE

NO_TEXT = b""
"""Source and canonical text of every repeal."""


def repeal_origin(docprefix: str) -> str:
    """Return what stands for the source of a repeal, which has none."""
    return f"repeal:{docprefix}"


def no_source(docprefix: str) -> SourceVersion:
    """Return the snapshot that a repeal is pinned to: no bytes, with their digest."""
    digest = sha256_hex(NO_TEXT)
    return SourceVersion(origin=repeal_origin(docprefix), bytes=len(NO_TEXT), sha256=digest, canonical_sha256=digest)


def no_document(docprefix: str) -> DocumentPlan:
    """Return the plan of a document that is repealed: it has no unit."""
    return DocumentPlan(
        docprefix=docprefix,
        profile=REPEAL_PROFILE,
        ordinals=False,
        source=no_source(docprefix),
        units=(),
        others=(),
        coverage=Coverage(unit_bytes=0, other_bytes=0, lossless=True),
    )
