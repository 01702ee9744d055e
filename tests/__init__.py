"""Tests of everything, on real PostgreSQL and real gpg.

Compiled modules are kept whatever PYTHONDONTWRITEBYTECODE says: several workers and some hundred commands in processes
of their own import the same ones, and compiling them again took a fourth of the time of such a command.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
