"""The readiness bundle: ten documents, their register and the summary."""
