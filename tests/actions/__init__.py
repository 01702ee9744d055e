"""Tests of the registry of actions."""
