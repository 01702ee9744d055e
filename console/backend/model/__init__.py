"""Value types, outcomes, errors and states: what every other package speaks in. Imports nothing above itself."""
