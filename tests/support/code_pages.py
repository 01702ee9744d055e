"""The table of the codes of refused documents."""

from console.backend.model.refusal_codes import REFUSAL_CODES


def code_table() -> str:
    """Return a row for each code."""
    rows = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in REFUSAL_CODES.items())
    return f"| code | meaning |\n|---|---|\n{rows}"
