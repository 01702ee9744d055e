"""The journal of a run: framed, chained records, and the key that vouches for them in the database."""
