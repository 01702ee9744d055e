"""A recorded signature asked again: gpg's word and the database's, and what the two come to together."""

from collections.abc import Callable

import pytest

from console.backend.approvals.recorded import RecordedSignature, verify_again
from console.backend.model.outcome import Outcome
from tests.support.sovereign import sovereign, usurper

STATEMENT = b'{"kind":"SG_1"}'
SAID: dict[str, tuple[Outcome, str]] = {
    "": (Outcome.PASS, "good"),
    "good": (Outcome.PASS, "good"),
    "key expired": (Outcome.PASS, "since then: key expired"),
    "expired": (Outcome.PASS, "since then: expired"),
    "key withdrawn": (Outcome.PASS, "since then: key withdrawn"),
    "no such key": (Outcome.INCONCLUSIVE, "has not pinned the key"),
    "bad": (Outcome.FAIL, "the database does not: bad"),
    "made before the key": (Outcome.FAIL, "the database does not: made before the key"),
    "a word of a later version": (Outcome.FAIL, "the database does not: a word of a later version"),
}


def _recorded(
    in_database: str, signature: Callable[[bytes], bytes], statement: bytes = STATEMENT, signer: str = ""
) -> RecordedSignature:
    return RecordedSignature(
        run_id="ictr-1",
        kind="SG_1",
        signer=signer or sovereign().fingerprint,
        statement=statement,
        signature=signature(STATEMENT),
        in_database=in_database,
    )


@pytest.mark.parametrize("in_database", SAID)
def test_the_database_has_its_say_beside_gpg(in_database: str) -> None:
    outcome, said = SAID[in_database]

    (answer,) = verify_again((_recorded(in_database, sovereign().sign),), sovereign().keys.home)

    assert answer.outcome is outcome
    assert said in answer.detail
    assert answer.unpinned is (in_database == "no such key")


@pytest.mark.parametrize("in_database", ["good", "no such key", "key withdrawn"])
def test_what_gpg_does_not_take_is_not_saved_by_the_database(in_database: str) -> None:
    home = sovereign().keys.home
    other = _recorded(in_database, sovereign().sign, statement=b'{"kind":"SG_2"}')
    borrowed = _recorded(in_database, sovereign().sign, signer="A" * 40)
    unknown = _recorded(in_database, usurper().sign)

    outcomes = [answer.outcome for answer in verify_again((other, borrowed, unknown), home)]

    assert outcomes == [Outcome.FAIL, Outcome.FAIL, Outcome.INCONCLUSIVE]
