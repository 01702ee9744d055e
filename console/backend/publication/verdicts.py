"""Verdicts on what was published: the sums that a directory is named by, and the signer that its record names."""

import json
import re
from pathlib import Path

from console.backend.host.regular_file import read_regular, sha256_file
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Outcome
from console.backend.publication.signing import SumsSignature
from console.backend.publication.sums import SIGNATURE, SUMS, SumsVerdict, verify_sums

RECORD = "bundle.json"
ASIDE = ".altered"
"""Name that a report which differs from what was written is renamed to, by hand; it stays as evidence and is no report any more."""
_NAMED = re.compile(r"ictr-.*-([0-9a-f]{8})")
_BATCH = re.compile(r"ictb-.*-([0-9a-f]{8})(?:-\d+)?")
BATCH_FILES = ("batch.json", "batch.md")
"""Files of a batch's report; the report is named by their sha256, one behind the other."""


def verify_named(path: Path) -> SumsVerdict:
    """Verify a report. The name of a run's ends in the first digits of its sums' sha256, so that sums made again are seen."""
    verdict = verify_sums(path)
    name_match = _NAMED.fullmatch(path.name)
    if verdict.sound and name_match is not None and not sha256_file(path / SUMS).startswith(name_match[1]):
        return verdict.model_copy(update={"unreadable": f"{SUMS} is not the one that the directory is named by"})
    if verdict.sound and (match := _BATCH.fullmatch(path.name)) is not None:
        contents = b"".join(read_regular(path / name) for name in BATCH_FILES if name in verdict.listed)
        if not sha256_hex(contents).startswith(match[1]):
            return verdict.model_copy(update={"unreadable": "the files are not those that the directory is named by"})
    return verdict


def signer_named(directory: Path) -> str:
    """Return the fingerprint that a bundle's record names as the signer's; empty if it names none, or cannot be read."""
    try:
        return str(json.loads(read_regular(directory / RECORD))["final"]["signing"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def signature_fault(signature: SumsSignature | None, signing: str) -> str:
    """Return what is wrong with a bundle's signature beside the signer that its record names, or an empty text; pure.

    A signature that gpg did not accept has its own words in `detail`.
    """
    # bundle.json is covered by the sums: who removes the signature cannot make the bundle one that never had any.
    if signature is None:
        return f"its record says that it is signed, and {SIGNATURE} is not there" if signing else ""
    # gpg accepts a signature by any key of the ring.
    if signature.outcome is Outcome.PASS and signature.primary != signing:
        return f"{signature.detail}, and its record names {signing or 'nobody'}"
    return "" if signature.outcome is Outcome.PASS else signature.detail
