"""Value types, outcomes, errors and states, which every other package uses. Imports no other package of the project."""
