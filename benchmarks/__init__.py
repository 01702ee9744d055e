"""Ratios against floors and peers, one module a bar; `python -m benchmarks` runs them all."""
