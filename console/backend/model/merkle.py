"""Merkle tree hash of RFC 6962: one digest over many lines, with short proofs that it contains a line."""

import hashlib
from collections.abc import Iterable


def merkle_root(lines: Iterable[str]) -> str:
    """Return the hex Merkle tree hash over the lines in order (RFC 6962, section 2.1): a ruling's `draft_digest`."""
    # The prefixes 0 for leaves and 1 for nodes keep a line from being crafted that hashes like a node.
    nodes = [hashlib.sha256(b"\0" + line.encode()).digest() for line in lines] or [hashlib.sha256(b"").digest()]
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        joined = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
        # A node without a partner goes up as it is: that is the RFC's tree, which splits at powers of 2.
        nodes = joined + nodes[2 * len(joined) :]
    return nodes[0].hex()
