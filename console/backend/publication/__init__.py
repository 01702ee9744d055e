"""Publication of reports: pages, checksums, signatures, and the kit that checks a bundle on another host."""
