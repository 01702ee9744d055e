"""The demo: an embedded PostgreSQL, throw-away keys, sample documents, and the tour."""
