"""Commands that are not meant to write do not, in any combination of options."""

import pytest

from console.cli.main import main
from tests.support.passage import Passage, Stages, fingerprint

READING = [
    ["status"],
    ["status", "--prometheus"],
    ["config", "show"],
    ["info"],
    ["counts"],
    ["drift"],
    ["gates", "PRE", "--run", "RUN"],
    ["hold", "show"],
    ["hold", "plan"],
    ["run", "list"],
    ["run", "show", "RUN"],
    ["journal", "verify", "RUN"],
    ["journal", "show", "RUN", "--from", "3", "--only", "note"],
    ["policy", "show"],
    ["policy", "pin"],
    ["policy", "pin", "--confirm", "wrong"],
    ["backup", "list"],
    ["reports", "list"],
    ["reports", "show", "no-such-report"],
    ["run", "start", "FILE", "--docprefix", "ACME-OTHER"],
    ["run", "start", "FILE", "--docprefix", "ACME-OTHER", "--ordinals"],
    ["run", "start", "FILE", "--docprefix", "ACME-OTHER", "--profile", "de-law"],
    ["plan", "FILE", "--docprefix", "ACME-OTHER"],
    ["document", "export", "FILE", "--docprefix", "ACME-OTHER", "--format", "json"],
    [
        "document",
        "export",
        "--docprefix",
        "ACME-LAW",
        "--drafts",
        "--country",
        "de",
        "--language",
        "deu",
        "--date",
        "2020-01-31",
    ],
    ["plan", "--folder", "INTAKE"],
    ["plan", "--folder", "INTAKE", "--profile", "de-law", "--ordinals"],
    ["approval", "check", "STATEMENT"],
    ["arm", "RUN"],
    ["arm", "RUN", "--confirm", "wrong"],
    ["enact", "RUN"],
    ["revert", "RUN"],
    ["hold", "release"],
    ["backup", "selftest"],
]


@pytest.fixture(scope="module")
def passage(stages_of_a_run: Stages) -> Passage:
    """One site for all of them: the first that wrote would be found out."""
    return stages_of_a_run.at("waits for SG_2")


@pytest.mark.parametrize("words", READING, ids=" ".join)
@pytest.mark.parametrize("json", [False, True], ids=["text", "json"])
def test_no_reading_command_writes_in_any_combination_of_options(
    passage: Passage, words: list[str], json: bool
) -> None:
    """Every command and option that is not meant to write, against digests and the transaction counter."""
    before = fingerprint(passage)
    named = {
        "RUN": passage.run_id,
        "FILE": str(passage.installation.intake / "law.md"),
        "INTAKE": str(passage.installation.intake),
        "STATEMENT": str(passage.installation.statement(passage.run_id, "SG_1")),
    }
    command = [
        "--root",
        str(passage.installation.root),
        *(["--json"] if json else []),
        *(named.get(word, word) for word in words),
    ]
    assert main(command) in range(8)
    assert fingerprint(passage) == before


_ENDS = """
    SELECT array_agg(DISTINCT pg_xact_status(n::text::xid8))
      FROM generate_series(%s::numeric, %s::numeric - 1) AS n
"""


def test_the_gates_change_no_row_and_leave_nothing_but_aborted_transactions(passage: Passage) -> None:
    """Proofs that need a transaction take an id for it, and roll it back."""
    first, before = _next_transaction(passage), _rows_of(passage)
    assert main(["--root", str(passage.installation.root), "gates"]) in {0, 1, 7}
    last = _next_transaction(passage)
    assert _rows_of(passage) == before
    assert last > first
    assert passage.rows(_ENDS, first, last) == [(["aborted"],)]


def _next_transaction(passage: Passage) -> int:
    ((number,),) = passage.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    return int(str(number))


def _rows_of(passage: Passage) -> dict[str, object]:
    return {what: found for what, found in fingerprint(passage).items() if what != "next transaction id"}


def test_a_command_in_an_answer_works_as_it_stands(passage: Passage, capsys: pytest.CaptureFixture[str]) -> None:
    """Typed without the root, it would act on the default one."""
    assert main(["--root", str(passage.installation.root), "status"]) == 0
    out = capsys.readouterr().out
    assert "waits      SG_2" in out
    assert out.count("cutter-console ") == out.count(f"cutter-console --root {passage.installation.root} ") > 0
