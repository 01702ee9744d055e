"""The commands of the operator guide, in its order, beside an organisation's tables."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.host.durable import replace_file
from console.backend.host.settings import load_settings
from console.backend.model.site_mapping import mapping_toml
from console.backend.model.states import Mode
from console.cli import installation as of_commands
from console.cli.main import main
from tests.gateway.conftest import AFTER_CUT, KINDS, cut, likeness_beside, mapping_beside, their_objects, theirs
from tests.support.passage import REQUEST, Passage, silent


def test_the_commands_of_the_guide_lead_to_a_cut_through_the_functions(
    at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    installation = passage.installation
    monkeypatch.setattr(of_commands, "context_of", lambda _: installation.context)
    with passage.connect() as connection:
        connection.execute(likeness_beside().encode())
        connection.execute(KINDS.encode())
    replace_file(installation.site_mapping, mapping_toml(mapping_beside(passage)).encode())
    objects = their_objects(passage)

    def command(status: int, *words: str) -> str:
        capsys.readouterr()
        assert main(["--root", str(installation.root), *words]) == status, capsys.readouterr()
        return capsys.readouterr().out

    script = command(0, "adopt", "apply")
    assert their_objects(passage) == objects, "printed, never run"
    with passage.connect() as connection:
        connection.execute(script.encode())
    drift = command(5, "drift")
    assert "fn_site_mapping" in drift
    digest = drift.split("schema digest ")[1].split()[0].strip(",;")
    command(0, "migrate", "--accept", digest)
    command(0, "init", "--pin", "--repin")
    command(0, "drift")

    passage = passage.with_site(replace(installation, settings=load_settings(installation.root)))
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    passage.sign()
    cut(passage)

    assert theirs(passage) == AFTER_CUT
    assert their_objects(passage) == objects
