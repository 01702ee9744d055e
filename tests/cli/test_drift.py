"""`drift` says what differs, what repairs it, and with its exit status whether anything does; it runs nothing."""

import json
from collections.abc import Callable

import pytest

from console.cli import installation
from console.cli.main import main
from tests.support.passage import Passage

BREAK = "REVOKE SELECT ON cutter_governance.v_hold FROM cutter_ro"
REPAIR = "GRANT SELECT ON TABLE cutter_governance.v_hold TO cutter_ro;"


@pytest.fixture
def passage(at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch) -> Passage:
    """An untouched site that the commands find."""
    found = at("fresh")
    monkeypatch.setattr(installation, "context_of", lambda _: found.installation.context)
    return found


def _run(passage: Passage, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main(["--root", str(passage.installation.root), *words, "drift"])
    return status, capsys.readouterr().out


def test_as_installed_is_one_line(passage: Passage, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = _run(passage, capsys)

    assert status == 0
    assert said.startswith("no difference; schema digest ")


def test_a_difference_is_a_block_with_the_sql_that_mends_it(
    passage: Passage, capsys: pytest.CaptureFixture[str]
) -> None:
    passage.execute(BREAK)

    status, said = _run(passage, capsys)

    assert status == 5
    assert said.split("\n")[2:6] == [
        "grant cutter_ro on cutter_governance.v_hold",
        "  expected  SELECT",
        "  actual    none",
        f"  repair    {REPAIR}",
    ]
    assert _run(passage, capsys)[0] == 5, "printed, never run"
    passage.execute(REPAIR)
    assert _run(passage, capsys)[0] == 0


def test_a_changed_function_prints_its_whole_definition(passage: Passage, capsys: pytest.CaptureFixture[str]) -> None:
    passage.execute(
        "CREATE OR REPLACE FUNCTION cutter_console.fn_hold_reason() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC' AS 'SELECT NULL::text'"
    )

    status, said = _run(passage, capsys)

    assert status == 5
    repair = "\n".join(line[12:] for line in said[said.index("  repair") :].rstrip("\n").split("\n"))
    first, definition = repair.split("\n", 1)
    assert first == "SET plpgsql.extra_errors = 'none';"
    assert definition.startswith("CREATE OR REPLACE FUNCTION cutter_console.fn_hold_reason()")
    assert definition.endswith("\nRESET plpgsql.extra_errors;")
    passage.execute(repair)
    assert _run(passage, capsys)[0] == 0


@pytest.mark.parametrize("only", ["body", "settings", "both"])
def test_a_function_that_lost_body_and_settings_is_mended_by_either_or_both(
    passage: Passage, capsys: pytest.CaptureFixture[str], only: str
) -> None:
    body = "AS 'SELECT NULL::text'"
    if only == "settings":
        passage.execute("ALTER FUNCTION cutter_console.fn_hold_reason() RESET ALL")
    else:
        kept = "SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'"
        settings = kept if only == "body" else "SET search_path = pg_catalog, pg_temp"
        passage.execute(
            "CREATE OR REPLACE FUNCTION cutter_console.fn_hold_reason() RETURNS text LANGUAGE sql STABLE"
            f" SECURITY DEFINER {settings} {body}"
        )

    differences = json.loads(_run(passage, capsys, "--json")[1])["differences"]

    assert len(differences) == (2 if only == "both" else 1)
    for one in differences:
        passage.execute("\n".join(one["repair"]))
    assert _run(passage, capsys)[0] == 0


def test_json_has_the_differences_and_the_whole_matrix(passage: Passage, capsys: pytest.CaptureFixture[str]) -> None:
    passage.execute(BREAK)

    status, said = _run(passage, capsys, "--json")

    answer = json.loads(said)
    assert (status, answer["schema"], answer["outcome"]) == (5, "cutter-console/drift/1", "FAIL")
    assert [one["repair"] for one in answer["differences"]] == [[REPAIR]]
    differing = [cell for cell in answer["matrix"]["cells"] if cell["expected"] != cell["actual"]]
    assert [(cell["role"], cell["expected"], cell["actual"]) for cell in differing] == [("cutter_ro", "SELECT", "")]


def test_what_may_not_be_read_is_inconclusive(passage: Passage, capsys: pytest.CaptureFixture[str]) -> None:
    """42501 is neither drift nor the absence of drift."""
    passage.execute("REVOKE SELECT ON cutter_governance.v_schema_pin FROM cutter_ro")

    assert _run(passage, capsys)[0] == 7


def test_a_drift_that_is_right_is_accepted_with_the_command_that_was_named(
    passage: Passage, capsys: pytest.CaptureFixture[str]
) -> None:
    passage.execute("GRANT SELECT ON cutter_governance.approval TO cutter_ro")
    root = ("--root", str(passage.installation.root))
    assert main([*root, "drift"]) == 5
    digest = passage.backend.drift().schema_digest
    assert f"cutter-console {' '.join(root)} migrate --accept {digest}" in capsys.readouterr().err

    assert main([*root, "migrate", "--accept", digest]) == 0

    assert "init --pin --repin" in capsys.readouterr().out
    assert [one.what for one in passage.backend.drift().differences] == ["pinned inventory"]
