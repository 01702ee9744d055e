"""Takes each protection out of a copy of this tree, one at a time, and wants a test to turn red: `make mutants`."""
