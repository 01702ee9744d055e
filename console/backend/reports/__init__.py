"""Reports, which are read when a run is over."""
