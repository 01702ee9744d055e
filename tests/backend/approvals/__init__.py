"""Tests of the approvals, with real gpg."""
