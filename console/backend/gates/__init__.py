"""The readiness gates: one file for each gate, a function that measures and a pure one that decides."""
