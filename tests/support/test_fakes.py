"""The fake backend has every method of the protocol with its parameters, and the gates that there are."""

import inspect

import pytest

from console.backend.api import Backend
from console.backend.gates.registry import GATES
from tests.support.fake_gates import GATES as FAKE_GATES
from tests.support.fakes import FakeBackend

METHODS = sorted(name for name, _ in inspect.getmembers(Backend, inspect.isfunction) if not name.startswith("_"))


@pytest.mark.parametrize("name", METHODS)
def test_the_fake_takes_what_the_protocol_says(name: str) -> None:
    wanted, given = (inspect.signature(getattr(owner, name)) for owner in (Backend, FakeBackend))

    assert given == wanted


def test_the_fake_has_the_gates_of_the_list_in_their_order() -> None:
    assert [gate[:4] for gate in FAKE_GATES] == [(gate.id, gate.title, gate.question, gate.owner) for gate in GATES]
