"""The guide on the database of another organisation: numbers, enumerations, chains, audits of rows and of DDL, rights on columns."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.host.settings import load_settings
from console.backend.model.states import Family, Mode
from console.backend.model.view_models import RunRequest
from console.cli import installation as of_commands
from console.cli.main import main
from tests.conftest import Database
from tests.same_names.conftest import Beside
from tests.same_names.test_guide import _run_by_hand
from tests.support.fingerprint import Fingerprint, existing_part, fingerprint
from tests.support.passage import REQUEST, TEXT, UNITS, Passage, copy_database, silent

_SQL = Path(__file__).parents[1] / "support" / "another_database.sql"
_TABLES = ("public.information_unit", "public.unit_version", "public.iu_lifecycle_log")
_BEFORE = (158, 165, 40)
_SETTINGS = """
    DO $do$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database());
        EXECUTE format('ALTER DATABASE %I SET plpgsql.extra_errors = ''all''', current_database());
        EXECUTE format('ALTER DATABASE %I SET plpgsql.extra_warnings = ''all''', current_database());
        EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database());
    END $do$
"""
_AUDITS = {"audit.ddl_log", "audit.row_log"}
"""What the organisation's own triggers note of whatever happens there."""


def _theirs(passage: Passage) -> tuple[int, ...]:
    return tuple(int(str(passage.rows(f"SELECT count(*) FROM {table}")[0][0])) for table in _TABLES)


def _apart_from_audits(kept: Fingerprint) -> Fingerprint:
    return kept._replace(rows=tuple(row for row in kept.rows if row[0] not in _AUDITS))


def _kept(before: Fingerprint, now: Fingerprint) -> bool:
    """Return whether everything that was there before is as it was."""
    then = _apart_from_audits(before)
    return then == existing_part(then, _apart_from_audits(now))


def _defined(kept: Fingerprint) -> list[object]:
    """Return every definition with its owner, and the function that each call reaches; without rights of the console's roles."""
    # A table that had no list of rights has its owner's in it with the first one that is given.
    texts = [
        (kind, oid, re.sub(r" acl (None|<NULL>|\{[^}]*\})?", "", text))
        for kind, oid, text in kept.objects
        if isinstance(text, str)
    ]
    return [*texts, *kept.calls]


@pytest.mark.longest
def test_the_guide_leads_from_nothing_to_law_and_back(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read with few rights, tied by an executor that may call nothing, cut, enacted and taken back; every definition stays."""
    passage = _of_the_organisation(beside.stages.at("fresh"))
    database, installation = Database(passage.cluster, passage.database), passage.installation
    monkeypatch.setattr(of_commands, "context_of", lambda _: installation.context)
    before = fingerprint(database)

    def command(status: int, *words: str) -> str:
        capsys.readouterr()
        assert main(["--root", str(installation.root), *words]) == status, capsys.readouterr()
        said = capsys.readouterr()
        return said.out if status == 0 else said.out + said.err

    # With rights on some columns alone each thing that is not read says why, and nothing of it is a fault.
    assert "public.unit_version.body: watcher has no SELECT on it" in command(0, "unit", "show", "ARC/1")
    walls = json.loads(command(7, "--json", "gates", "G1"))["gates"][0]["checks"]
    (wall,) = [check for check in walls if check["name"] == "direct writes refused as the monitor"]
    assert wall["outcome"] == "PASS", wall
    passage.execute("GRANT SELECT ON public.information_unit, public.unit_version TO cutter_ro")
    before = fingerprint(database)
    command(0, "adopt", "inspect", "--out", str(installation.site_mapping))
    mapping = tomllib.loads(installation.site_mapping.read_text(encoding="utf-8"))
    assert (mapping["functions"]["owner"], mapping["functions"]["publication"]) == ("archive", "internal")
    command(7, "adopt", "check")
    assert fingerprint(database) == before

    refused = command(5, "migrate")
    assert "plpgsql.extra_errors=all" in refused
    command(0, "migrate", "--accept", refused.partition("--accept ")[2].split()[0].strip("."))
    script = command(0, "adopt", "apply")
    assert _kept(before, fingerprint(database))
    _run_by_hand(passage, script)
    digest = command(5, "drift").split("schema digest ")[1].split()[0].strip(",;")
    command(0, "migrate", "--accept", digest)
    command(0, "init", "--pin", "--repin")
    assert "enact, as a run does" in command(0, "adopt", "check")
    assert _theirs(passage) == _BEFORE

    passage = passage.with_site(replace(installation, settings=load_settings(installation.root)))
    pin_policy(passage.installation, load_policy(passage.installation.policy).sha256)
    passage = _started(passage)
    passage.sign()
    command(0, "arm", passage.run_id, "--confirm", passage.run_id)
    command(3, "run", "resume", passage.run_id)
    units, versions, log = _BEFORE
    assert _theirs(passage) == (units + UNITS, versions + UNITS, log)
    command(0, "verify", passage.run_id)
    passage.sign()
    command(0, "enact", passage.run_id, "--confirm", passage.run_id)
    assert _theirs(passage) == (units + UNITS, versions + UNITS, log + UNITS)
    for gate in ("G1", "G4", "G5"):
        command(0, "gates", gate)

    _cut_and_taken_back(passage)
    assert _theirs(passage) == (units + 2 * UNITS, versions + 2 * UNITS, log + 2 * UNITS)
    command(0, "drift")
    assert _defined(existing_part(before, fingerprint(database))) == _defined(before)


def _of_the_organisation(passage: Passage) -> Passage:
    """Return the passage on the organisation's database, in which nothing of the console is."""
    copy_database(passage.cluster, "template0", passage.database)
    with passage.connect() as connection:
        connection.execute(_SQL.read_bytes())
        connection.execute(_SETTINGS.encode())
    return passage


def _cut_and_taken_back(passage: Passage) -> None:
    passage.write("other.md", TEXT.replace("Alpha", "Gamma"))
    second = _started(passage, REQUEST.model_copy(update={"origin": "file:other.md", "docprefix": "OTHER"}))
    second.sign()
    second.arm()
    second.resume()
    second.backend.revert(second.run_id, second.run_id)
    assert second.run().state.family is Family.REVERTED


def _started(passage: Passage, request: RunRequest = REQUEST) -> Passage:
    passage.backend.start(request.model_copy(update={"mode": Mode.DRYRUN}), silent)
    return replace(passage, run_id=passage.backend.start(request, silent).run_id)
