"""Documents: canonical text, profiles, the line scanner, plans, intake. Knows no database and no screen."""
