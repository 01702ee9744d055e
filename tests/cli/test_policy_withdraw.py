"""policy withdraw: a stolen key rules no more, from that moment on and for what was imported before."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import ExitStatus
from console.cli.main import main
from tests.support.passage import Passage

At = Callable[[str], Passage]


def _key(passage: Passage) -> str:
    return str(passage.rows("SELECT fingerprint FROM cutter_governance.signing_key LIMIT 1")[0][0])


def _words(passage: Passage, *words: str) -> list[str]:
    return ["--root", str(passage.installation.root), *words]


def test_a_withdrawn_key_arms_nothing_that_it_signed_before(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("SG_1 imported")
    key = _key(passage)
    words = _words(passage, "policy", "withdraw", key, "--reason", "stolen", "--confirm", key.lower())
    assert main(words) == ExitStatus.DONE
    assert "the database has no key of this signer" in capsys.readouterr().out
    assert main(_words(passage, "arm", passage.run_id, "--confirm", passage.run_id)) != ExitStatus.DONE
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease WHERE ended_at IS NULL") == [(0,)]


@pytest.mark.parametrize("confirm", ["", "0" * 40])
def test_a_key_is_withdrawn_only_where_its_fingerprint_is_typed_twice(at: At, confirm: str) -> None:
    passage = at("fresh")
    words = _words(passage, "policy", "withdraw", _key(passage), "--reason", "stolen", "--confirm", confirm)
    assert main(words) == ExitStatus.USAGE
    assert passage.rows("SELECT count(*) FROM cutter_governance.signing_key_end") == [(0,)]


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
