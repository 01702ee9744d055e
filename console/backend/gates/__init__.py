"""The readiness gates G0 to G10: one file a gate, each a function that measures and a pure one that decides."""
