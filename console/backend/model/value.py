"""The base of every value that travels between modules: frozen, closed, compared by content."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen record; unknown fields are refused, so a misspelt key is an error and not a default.

    Its validation is built when it is first used. Building all of them took 5 MB and a seventh of the processor time of
    loading them (measured once by hand), and a command uses a few. pydantic builds under a lock from 2.14 on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
