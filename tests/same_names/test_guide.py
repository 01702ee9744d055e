"""The commands of the operator guide, in its order, from a database that has nothing of the console's to a law and back."""

import tomllib
from dataclasses import replace

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.host.settings import load_settings
from console.backend.model.states import Family, Mode, Stage
from console.cli import installation as of_commands
from console.cli.main import main
from tests.adoption.conftest import TEMPLATE
from tests.conftest import Database
from tests.same_names.conftest import AFTER_CUT, BEFORE, KINDS, Beside, theirs
from tests.support.fingerprint import existing_part, fingerprint
from tests.support.passage import REQUEST, UNITS, copy_database, silent


def test_the_commands_of_the_guide_lead_from_nothing_to_a_cut_and_a_revert(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = beside.stages.at("fresh")
    copy_database(passage.cluster, TEMPLATE, passage.database)
    passage.execute(KINDS)
    database, installation = Database(passage.cluster, passage.database), passage.installation
    monkeypatch.setattr(of_commands, "context_of", lambda _: installation.context)
    before = fingerprint(database)

    def command(status: int, *words: str) -> str:
        capsys.readouterr()
        assert main(["--root", str(installation.root), *words]) == status, capsys.readouterr()
        return capsys.readouterr().out

    command(0, "adopt", "inspect", "--out", str(installation.site_mapping))
    mapping = tomllib.loads(installation.site_mapping.read_text(encoding="utf-8"))
    assert mapping["console"] == {"units": "cutter_console_units", "ledger": "cutter_console_ledger"}
    command(7, "adopt", "check")
    assert fingerprint(database) == before
    command(0, "migrate")
    assert existing_part(before, fingerprint(database)) == before, "no object, no row, no role and no call has changed"
    script = command(0, "adopt", "apply")
    assert existing_part(before, fingerprint(database)) == before, "printed, never run"
    with passage.connect() as connection, connection.transaction():
        connection.execute(script.encode())
    digest = command(5, "drift").split("schema digest ")[1].split()[0].strip(",;")
    command(0, "migrate", "--accept", digest)
    command(0, "init", "--pin", "--repin")
    command(0, "drift")
    command(0, "adopt", "check")
    assert "public.information_unit" in command(0, "counts")

    passage = passage.with_site(replace(installation, settings=load_settings(installation.root)))
    pin_policy(passage.installation, load_policy(passage.installation.policy).sha256)
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    assert theirs(passage) == BEFORE
    passage.sign()
    passage.arm()
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert theirs(passage) == AFTER_CUT
    command(0, "verify", passage.run_id)
    command(0, "revert", passage.run_id, "--confirm", passage.run_id)
    assert passage.run().state.family is Family.REVERTED
    assert theirs(passage) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    assert fingerprint(database).calls == before.calls
