"""Tests of console/screens."""
