"""PostgreSQL: connections by role, migrations, measurements. The only package that knows SQL."""
