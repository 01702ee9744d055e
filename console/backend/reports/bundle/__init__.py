"""The readiness bundle: its documents, their register and the summary."""
