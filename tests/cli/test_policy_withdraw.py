"""policy withdraw: a stolen key rules no more, from that moment on and for what was imported before."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import ExitStatus
from console.cli.main import main
from tests.cli.conftest import Run, stop_of
from tests.support.passage import Passage

At = Callable[[str], Passage]


def _key(passage: Passage) -> str:
    return str(passage.rows("SELECT fingerprint FROM cutter_governance.signing_key LIMIT 1")[0][0])


def _words(passage: Passage, *words: str) -> list[str]:
    return ["--root", str(passage.installation.root), *words]


def test_a_withdrawn_key_arms_nothing_that_it_signed_before(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("SG_1 imported")
    key = _key(passage)
    words = _words(passage, "policy", "withdraw", key, "--reason", "stolen", "--confirm", key.lower())
    assert main(words) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "the database has no key of this signer" in said
    assert f"withdrawn  {key}" in said
    # With the surroundings of the passage: without them the tree of this test run was what refused it.
    status, answer = command(passage, "arm", passage.run_id, "--confirm", passage.run_id)
    assert (status, stop_of(answer)) == (ExitStatus.REFUSED, "STOP_APPROVAL_INVALID")
    assert "withdrawn" in str(answer["stop"])
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease WHERE ended_at IS NULL") == [(0,)]


@pytest.mark.parametrize("confirm", ["", "0" * 40])
def test_a_key_is_withdrawn_only_where_its_fingerprint_is_typed_twice(at: At, confirm: str) -> None:
    passage = at("fresh")
    words = _words(passage, "policy", "withdraw", _key(passage), "--reason", "stolen", "--confirm", confirm)
    assert main(words) == ExitStatus.USAGE
    assert passage.rows("SELECT count(*) FROM cutter_governance.signing_key_end") == [(0,)]


@pytest.mark.parametrize("text", ["12", "A;B", "G" * 40, "A" * 41, "A" * 100_000, "Ａ" * 40])
def test_what_is_no_fingerprint_is_refused_before_the_database_is_asked(
    at: At, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """`12` was answered with the raw words of a CHECK, and `A;B` stood in a printed command as two commands."""
    passage = at("fresh")
    for confirm in (text, "x"):
        words = _words(passage, "policy", "withdraw", text, "--reason", "stolen", "--confirm", confirm)
        assert main(words) == ExitStatus.USAGE
        said = capsys.readouterr().err
        assert "is no fingerprint" in said
        assert "policy withdraw" not in said
        assert len(said) < 1000
    assert passage.rows("SELECT count(*) FROM cutter_governance.signing_key_end") == [(0,)]


def test_a_key_that_was_never_pinned_is_named_among_the_withdrawn(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    """It was withdrawn without a word of it, then and later: a slip of the hand could not be seen."""
    passage, key = at("fresh"), "A" * 40
    assert main(_words(passage, "policy", "withdraw", key, "--reason", "x", "--confirm", key)) == ExitStatus.DONE
    assert f"withdrawn  {key}" in capsys.readouterr().out
    main(_words(passage, "policy", "show"))
    assert f"withdrawn  {key}" in capsys.readouterr().out


def test_a_key_is_withdrawn_for_a_reason_that_is_kept_without_secrets(at: At) -> None:
    passage = at("fresh")
    key = _key(passage)
    words = _words(passage, "policy", "withdraw", key, "--reason", "password=hunter2 was found", "--confirm", key)
    assert main(words) == ExitStatus.DONE
    ((reason,),) = passage.rows("SELECT reason FROM cutter_governance.signing_key_end")
    assert "hunter2" not in str(reason)


def test_a_key_that_is_withdrawn_already_is_refused_and_the_first_reason_stays(
    at: At, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    key = _key(passage)
    for reason, status in (("stolen", ExitStatus.DONE), ("lost", ExitStatus.REFUSED)):
        words = _words(passage, "policy", "withdraw", key, "--reason", reason, "--confirm", key)
        assert main(words) == status
    assert "withdrawn already" in capsys.readouterr().err
    assert passage.rows("SELECT reason FROM cutter_governance.signing_key_end") == [("stolen",)]
