"""What remains to be read when a run is over."""
