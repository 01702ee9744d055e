"""Merkle tree hash of RFC 6962: one digest over many lines, of which each can be shown to be in it."""

import hashlib


def merkle_root(lines: tuple[str, ...]) -> str:
    """Merkle tree hash over the lines in order (RFC 6962, section 2.1): `draft_digest` of a ruling over them."""
    level = [hashlib.sha256(b"\0" + line.encode()).digest() for line in lines]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()
