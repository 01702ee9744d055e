"""Protections of the console itself."""

from mutants.mutant import Mutant

PYTHON: tuple[Mutant, ...] = ()
