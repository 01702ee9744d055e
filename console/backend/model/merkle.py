"""Merkle tree hash of RFC 6962: one digest over many lines, with short proofs that it contains a line."""

import hashlib
from collections.abc import Iterable


def merkle_root(lines: Iterable[str]) -> str:
    """Return the hex Merkle tree hash over the lines in order (RFC 6962, section 2.1): a ruling's `draft_digest`."""
    # The prefixes 0 for leaves and 1 for nodes keep a line from being crafted that hashes like a node.
    whole: list[tuple[int, bytes]] = []
    """Height and hash of the whole trees so far, the highest first: two of one height become one."""
    for line in lines:
        height, node = 0, hashlib.sha256(b"\0" + line.encode()).digest()
        while whole and whole[-1][0] == height:
            height, node = height + 1, _node(whole.pop()[1], node)
        whole.append((height, node))
    if not whole:
        return hashlib.sha256(b"").hexdigest()
    # What is left over hangs from the right: that is the RFC's tree, which splits at powers of 2.
    _, root = whole.pop()
    while whole:
        root = _node(whole.pop()[1], root)
    return root.hex()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
