"""`adopt remove`: everything of the console goes, everything of the organisation stays, and a run in the middle stops it."""

import subprocess
from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.runs.site_inspection import removing_script
from console.cli import installation as of_commands
from console.cli.main import main
from tests.conftest import Database
from tests.same_names.conftest import BEFORE, Beside, theirs
from tests.support.fingerprint import Fingerprint, fingerprint
from tests.support.passage import UNITS, Passage

_OURS = """
    SELECT count(*) FROM pg_namespace WHERE pg_get_userbyid(nspowner) LIKE 'cutter%%' OR nspname LIKE 'cutter_console%%'
"""
_OF_ROLES = """
    SELECT r.rolname::text FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
     WHERE r.rolname IN ('cutter_site', 'cutter_site_reader', 'cutter_site_caller', 'cutter_owner', 'cutter_stop')
       AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _run(passage: Passage, script: str) -> str:
    """Run a script as an administrator may, going on behind an error. Returns the first error and what follows."""
    psql = passage.cluster.programs.program("psql")
    command = [str(psql), "--no-psqlrc", "--quiet", "--dbname", passage.installation.settings.database.administrator]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    return str(done.stderr).partition("ERROR")[2]


def _now(passage: Passage) -> Fingerprint:
    return fingerprint(Database(passage.cluster, passage.database))


def test_nothing_of_the_console_stays_and_everything_of_the_organisation_does(beside: Beside, enacted: Passage) -> None:
    """The units that a run has had written are the organisation's, and stay; so does each right that it had given."""
    units = {**BEFORE, "public.information_unit": 158 + UNITS, "public.unit_version": 165 + UNITS}
    law = {**units, "public.iu_lifecycle_log": 60 + UNITS}
    assert theirs(enacted) == law

    assert _run(enacted, removing_script(enacted.installation)) == ""

    assert (enacted.rows(_OURS), enacted.rows(_OF_ROLES)) == ([(0,)], [])
    assert theirs(enacted) == law
    assert _now(enacted).calls == beside.before.calls
    assert _dumped(_now(enacted)) == _dumped(beside.before)


def _dumped(kept: Fingerprint) -> list[str]:
    """Return the lines of the schema as pg_dump prints it."""
    return [line for line in kept.dump.split("\n") if line.strip() and not line.startswith("--")]


@pytest.mark.parametrize("state", ["drafts", "armed", "HOLD", "a view of theirs", "another database"])
def test_what_is_in_the_middle_or_needed_stops_it_with_its_name(
    request: pytest.FixtureRequest, state: str, at_rest: Callable[[], Passage]
) -> None:
    if state == "drafts":
        passage: Passage = request.getfixturevalue("drafted")
        said = f"runs have written and are not at their end: {passage.run_id}"
    elif state == "armed":
        passage = request.getfixturevalue("signed")
        passage.arm()
        said = "the switch is armed"
    else:
        passage = at_rest()
        said = {
            "HOLD": "a HOLD is set",
            "a view of theirs": "view public.seen depends on",
            "another database": "this script is for the database",
        }[state]
    script = removing_script(passage.installation)
    if state == "HOLD":
        passage.backend.panic("first this")
    if state == "a view of theirs":
        passage.execute("CREATE VIEW public.seen AS SELECT run_id FROM cutter_console_ledger.run")
    if state == "another database":
        script = script.replace(passage.database, "elsewhere")
    before = _now(passage)

    errors = _run(passage, script)

    assert said in errors, errors
    assert _now(passage) == before


@pytest.fixture
def at_rest(request: pytest.FixtureRequest) -> Callable[[], Passage]:
    """A passage that is tied, without a run; made where it is asked for."""
    return lambda: request.getfixturevalue("tied")


def test_the_command_prints_the_script_and_runs_nothing(
    tied: Passage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(of_commands, "context_of", lambda _: tied.installation.context)
    before = _now(tied)
    assert main(["--root", str(tied.installation.root), "adopt", "remove"]) == 0
    assert capsys.readouterr().out == removing_script(tied.installation)
    assert _now(tied) == before


def test_a_database_that_was_not_tied_is_removed_in_another_way(at: Callable[[str], Passage]) -> None:
    with pytest.raises(Refused, match="was not tied to an organisation's units"):
        removing_script(at("fresh").installation)
