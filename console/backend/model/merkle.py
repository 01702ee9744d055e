"""Merkle tree hash of RFC 6962: one digest over many lines, with short proofs that it contains a line."""

import hashlib


def merkle_root(lines: tuple[str, ...]) -> str:
    """Return the hex Merkle tree hash over the lines in order (RFC 6962, section 2.1): a ruling's `draft_digest`."""
    # The prefixes 0 for leaves and 1 for nodes keep a line from being crafted that hashes like a node.
    level = [hashlib.sha256(b"\0" + line.encode()).digest() for line in lines]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    # Pairs from the left; a last one alone moves up as it is. That is the RFC's tree, which splits at powers of 2.
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()
