"""How reports are published: pages, checksums, signatures, and the kit that checks a bundle on another host."""
