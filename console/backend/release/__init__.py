"""Release on this host: the manifest of its files, and the pins of host and database."""
