"""init, migrate and document register: each can be done again, and says what it did."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.cli.main import main
from tests.conftest import Database
from tests.support.passage import Passage, fingerprint

At = Callable[[str], Passage]


def test_init_makes_the_tree_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "root"
    assert main(["--root", str(root), "--json", "init"]) == 0
    assert len(json.loads(capsys.readouterr().out)["made"]) >= 10
    assert main(["--root", str(root), "--json", "init"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == []
    assert root.stat().st_mode & 0o777 == 0o750


def test_a_new_operator_is_told_the_next_step(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`init` names what follows it, `migrate` each migration once, a missing policy and a missing key are to be written."""
    root = tmp_path / "root"
    monkeypatch.setenv("CUTTER_ADMINISTRATOR", empty_database.conninfo())
    monkeypatch.setenv("CUTTER_MONITOR", empty_database.conninfo("cutter_ro"))
    monkeypatch.delenv("BACKUP_GPG_FPR", raising=False)

    assert main(["--root", str(root), "init"]) == 0
    assert f"then: cutter-console --root {root} migrate\n" in capsys.readouterr().out
    assert main(["--root", str(root), "init"]) == 0
    assert "migrate" not in capsys.readouterr().out
    assert main(["--root", str(root), "migrate"]) == 0
    applied = [line for line in capsys.readouterr().out.splitlines() if line.startswith("applied ")]
    assert applied[0] == "applied 0001 units"
    assert len(set(applied)) == len(applied) > 20
    assert main(["--root", str(root), "policy", "show"]) == 4
    said = capsys.readouterr().err
    assert f"there is no policy file {root / 'approvals' / 'policy.json'}" in said
    assert "next: Write " in said
    main(["--root", str(root), "backup", "selftest"])
    assert "backup_gpg_fpr is not set" in "".join(capsys.readouterr())


def test_init_where_this_user_may_not_write_names_the_ways_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was STOP_INVARIANT_FAILED, as a journal that somebody has changed, and led to `ls -ld`."""
    real = Path.mkdir

    def mkdir(self: Path, *rest: Any, **named: Any) -> None:
        if self.is_relative_to(tmp_path / "root"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        real(self, *rest, **named)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert main(["--root", str(tmp_path / "root"), "init"]) == ExitStatus.REFUSED
    said = capsys.readouterr().err
    assert said.startswith(f"STOP_REFUSED_INPUT: {tmp_path / 'root'}: Permission denied")
    assert "cutter-console --root DIR init" in said


def test_migrate_installs_and_then_finds_all_of_it_there(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUTTER_ADMINISTRATOR", empty_database.conninfo())
    (tmp_path / "runs").mkdir()
    words = ["--root", str(tmp_path), "--json", "migrate"]
    assert main(words) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(words) == 0
    again = json.loads(capsys.readouterr().out)
    assert (first["applied"], again["applied"]) == (again["present"], [])


def test_migrate_by_a_role_that_may_not_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTTER_ADMINISTRATOR", database.conninfo("cutter_exec"))
    (tmp_path / "runs").mkdir()
    assert main(["--root", str(tmp_path), "migrate"]) == 7


def _register(passage: Passage, query: str, docprefix: str = "ACME-LIVE") -> int:
    return main(
        ["--root", str(passage.installation.root), "document", "register", "--docprefix", docprefix, "--query", query]
    )


def test_live_text_is_registered_read_by_the_monitoring_role_and_pinned(at: At) -> None:
    passage = at("fresh")
    passage.execute("CREATE TABLE public.page AS SELECT '# Live' || chr(10) || chr(10) || 'Text.' || chr(10) AS text")
    passage.execute("GRANT SELECT ON public.page TO cutter_ro")
    assert _register(passage, "SELECT text FROM public.page") == 0
    assert (
        main(["--root", str(passage.installation.root), "run", "start", "live:ACME-LIVE", "--docprefix", "ACME-LIVE"])
        == 0
    )
    assert passage.backend.runs()[0].n_units == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT 'a', 'b'",
        "SELECT 'a' WHERE false",
        "SELECT 'a' UNION SELECT 'b'",
        "SELECT NULL::text",
        "nonsense",
    ],
)
def test_a_query_that_gives_not_one_text_is_not_registered(at: At, query: str) -> None:
    passage = at("fresh")
    assert _register(passage, query) == 4
    assert passage.rows("SELECT count(*) FROM cutter_governance.source_document_registry") == [(0,)]


def test_a_registered_document_keeps_its_query(at: At) -> None:
    passage = at("fresh")
    assert _register(passage, "SELECT '# One'::text") == 0
    assert _register(passage, "SELECT '# Other'::text") == 4
    assert _register(passage, "SELECT '# One'::text", "ICX-CONST") == 4


def test_a_live_document_that_nobody_registered_is_unknown(at: At) -> None:
    passage = at("fresh")
    with pytest.raises(Refused) as caught:
        passage.backend.plan("live:NOWHERE", "NOWHERE", "atx", ordinals=False)
    assert caught.value.code is StopCode.DOCUMENT_UNKNOWN


def test_a_registered_query_cannot_write(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("fresh")
    assert _register(passage, "SELECT '# One'::text") == 0
    with passage.connect() as administrator:
        administrator.execute("ALTER TABLE cutter_governance.source_document_registry DISABLE TRIGGER USER")
        administrator.execute(
            "UPDATE cutter_governance.source_document_registry SET live_query = 'DELETE FROM public.information_unit RETURNING owner_ref'"
        )
    before = fingerprint(passage)
    assert (
        main(["--root", str(passage.installation.root), "run", "start", "live:ACME-LIVE", "--docprefix", "ACME-LIVE"])
        == 4
    )
    assert "it would write: DELETE FROM public.information_unit" in capsys.readouterr().err
    assert fingerprint(passage) == before
