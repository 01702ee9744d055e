"""The rules in the database: what psql with a role's password can and cannot do."""
