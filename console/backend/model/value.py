"""The base of every value that travels between modules: frozen, closed, compared by content."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen record; unknown fields are refused, so a misspelt key is an error and not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")
