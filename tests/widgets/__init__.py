"""Tests of console/widgets."""
