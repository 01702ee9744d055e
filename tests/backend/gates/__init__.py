"""Every gate is broken, one thing at a time."""
