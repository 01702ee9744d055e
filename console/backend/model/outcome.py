"""Outcomes and the evidence they rest on: a PASS without evidence cannot be constructed."""

import math
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import GetCoreSchemaHandler, GetPydanticSchema, WithJsonSchema, model_validator
from pydantic_core import core_schema

from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class Outcome(StrEnum):
    """Outcome of a measurement."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    PARTIAL = "PARTIAL"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_RUN = "NOT_RUN"

    @property
    def rank(self) -> int:
        """0 is best; used only to take the worst of several."""
        return list(Outcome).index(self)


def whole_ms(seconds: float) -> int:
    """Return a duration in whole milliseconds, rounded up: nothing that was measured took no time."""
    return math.ceil(seconds * 1000)


def _whole_number(_source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
    # Records of earlier versions have fractions, whose form in canonical JSON is not that of RFC 8785. A validator in Python
    # would be called for each piece of evidence; this one is, only for those.
    fraction = core_schema.float_schema(ge=0, allow_inf_nan=False)
    rounded_up = core_schema.chain_schema([fraction, core_schema.no_info_plain_validator_function(math.ceil)])
    return core_schema.union_schema([core_schema.int_schema(ge=0), rounded_up], mode="left_to_right")


WholeNumber = Annotated[int, GetPydanticSchema(_whole_number), WithJsonSchema({"type": "integer", "minimum": 0})]
"""A duration, not negative; a fraction is read as the next whole number."""
Milliseconds = WholeNumber
"""A duration in milliseconds: an integer, as kept records are canonical JSON, in which RFC 8785 writes floats its own way."""


class Evidence(Value):
    """One measured fact: the question, its source, the answer, and the time."""

    id: str
    asked: SafeText
    source: SafeText
    answer: SafeText
    digest: str = ""
    """sha256 of the whole answer, if that is longer than a line; else empty."""
    measured_at: datetime
    took_ms: Milliseconds = 0


class Check(Value):
    """One question with its verdict, the evidence for it and, if it is not PASS, the next action."""

    name: str
    outcome: Outcome
    detail: SafeText
    evidence: tuple[Evidence, ...] = ()
    next_action: SafeText = ""

    @model_validator(mode="after")
    def _pass_needs_evidence(self) -> Self:
        if self.outcome is Outcome.PASS and not self.evidence:
            raise ValueError(f"{self.name}: PASS without evidence")
        return self


def worst(outcomes: list[Outcome]) -> Outcome:
    """Return the worst of several outcomes; NOT_RUN, never PASS, for none."""
    return max(outcomes, key=lambda o: o.rank, default=Outcome.NOT_RUN)


def worst_known(outcomes: list[Outcome]) -> Outcome:
    """Return the worst of several outcomes, FAIL before all: what is known to be wrong is not made unclear by what was not measured."""
    return Outcome.FAIL if Outcome.FAIL in outcomes else worst(outcomes)
