"""Kill loops, a lying network, races and damaged journals, set on the real command line; `python -m tests.torture --help`."""
