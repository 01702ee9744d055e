"""What is deployed on this host, and where: the manifest of its files, and the pins of host and database."""
