"""The guide on the database of another organisation: numbers, enumerations, chains, audits of rows and of DDL, rights on columns."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.approvals.policy import load_policy
from console.backend.host.settings import load_settings
from console.backend.model.states import Mode, Stage
from console.cli import installation as of_commands
from console.cli.main import main
from tests.conftest import Database
from tests.same_names.conftest import Beside
from tests.same_names.test_guide import _run_by_hand
from tests.support.fingerprint import Fingerprint, existing_part, fingerprint
from tests.support.passage import REQUEST, UNITS, Passage, copy_database, pin_policy, silent

_SQL = Path(__file__).parents[1] / "support" / "another_database.sql"
_TABLES = ("public.information_unit", "public.unit_version", "public.iu_lifecycle_log")
_BEFORE = (158, 165, 40)
_SETTINGS = """
    DO $do$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database());
        EXECUTE format('ALTER DATABASE %I SET plpgsql.extra_errors = ''all''', current_database());
        EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database());
    END $do$
"""
_AUDITS = {"audit.ddl_log", "audit.row_log"}
"""What the organisation's own triggers note of whatever happens there."""


def _theirs(passage: Passage) -> tuple[int, ...]:
    return tuple(int(str(passage.rows(f"SELECT count(*) FROM {table}")[0][0])) for table in _TABLES)


def _apart_from_audits(kept: Fingerprint) -> Fingerprint:
    return kept._replace(rows=tuple(row for row in kept.rows if row[0] not in _AUDITS))


def test_the_guide_leads_from_nothing_to_law(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = beside.stages.at("fresh")
    copy_database(passage.cluster, "template0", passage.database)
    with passage.connect() as connection:
        connection.execute(_SQL.read_bytes())
    with passage.connect() as connection:
        connection.execute(_SETTINGS.encode())
    database, installation = Database(passage.cluster, passage.database), passage.installation
    monkeypatch.setattr(of_commands, "context_of", lambda _: installation.context)
    before = fingerprint(database)

    def command(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["--root", str(installation.root), *words])
        said = capsys.readouterr()
        with open("/tmp/w/pbx/judge.txt", "a") as f:
            print("$", *words, "->", status, file=f); print(said.out[:6000], file=f); print("ERR", said.err[:4000], file=f)
        return status, said.out, said.err

    command("gates", "G1", "--json")
    passage.execute("GRANT SELECT ON public.information_unit, public.unit_version TO cutter_ro")
    before = fingerprint(database)
    command("adopt", "inspect", "--out", str(installation.site_mapping))
    command("init", "--pin", "--repin")
    command("drift")
    command("adopt", "check")
    _, _, refused = command("migrate")
    command("migrate", "--accept", refused.partition("--accept ")[2].split()[0].strip("."))
    assert existing_part(_apart_from_audits(before), _apart_from_audits(fingerprint(database))) == _apart_from_audits(before)
    _, script, _ = command("adopt", "apply")
    _run_by_hand(passage, script)
    _, words, _ = command("drift")
    digest = words.split("schema digest ")[1].split()[0].strip(",;")
    command("migrate", "--accept", digest)
    command("init", "--pin", "--repin")
    command("drift")
    command("adopt", "check")
    command("counts")
    passage = passage.with_site(replace(installation, settings=load_settings(installation.root)))
    pin_policy(passage.installation, load_policy(passage.installation.policy).sha256)
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    assert _theirs(passage) == _BEFORE
    passage.sign()
    command("arm", passage.run_id, "--confirm", passage.run_id)
    command("run", "resume", passage.run_id)
    command("verify", passage.run_id)
    passage.sign()
    command("enact", passage.run_id, "--confirm", passage.run_id)
    command("gates")
    command("drift")
    command("unit", "show", "ACME-LAW")
