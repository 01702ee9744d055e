"""Backups that are proven by a restore before they count."""
