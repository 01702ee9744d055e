"""Statements, the policy they are judged under, and the signatures on them."""
