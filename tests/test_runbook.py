"""What the runbook tells an auditor to type is typed, as it stands there, and comes to what it says."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from console.backend.scratch.cluster import TransientCluster
from tests.support.passage import Passage
from tests.support.sources import ROOT

TITLE = "How an auditor checks a run without the console"


def blocks() -> dict[str, str]:
    """Return the blocks of code of that part of the page by the bold words in front of each."""
    page = (ROOT / "console" / "guide" / "runbook.md").read_text("utf-8")
    part = page.partition(f"\n## {TITLE}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\*\*([^*]+)\*\*.*?^```\n(.*?)^```$", part, re.MULTILINE | re.DOTALL))


@pytest.fixture
def typed(
    at: Callable[[str], Passage], cluster: TransientCluster, tmp_path: Path
) -> tuple[Passage, Callable[..., str]]:
    """An enacted run, and what a block prints in a shell, in the root or in a folder below it."""
    passage = at("enacted")
    settings = passage.installation.settings
    services = {"cutter_exec": settings.database.executor, "cutter_verify": settings.database.verifier}
    file = tmp_path / "pg_service.conf"
    lines = [
        line
        for name, conninfo in services.items()
        for line in (f"[{name}]", *(f"{key}={value}" for key, value in conninfo_to_dict(conninfo).items()))
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{cluster.programs.bin_dir}:{os.environ['PATH']}",
        "PGSERVICEFILE": str(file),
        "GNUPGHOME": str(passage.installation.gnupg_home),
    }

    def type_(name: str, below: str = "") -> str:
        script = blocks()[name].replace("RUN", passage.run_id)
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=passage.installation.root / below,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    return passage, type_


def test_an_auditor_finds_by_hand_what_was_signed_cut_and_enacted(typed: tuple[Passage, Callable[..., str]]) -> None:
    passage, type_ = typed
    signed = type_("What was signed, and by whom.")
    rulings = dict(re.findall(r"^(SG_[12])\|([0-9a-f]{64})\|", signed, re.MULTILINE))
    assert rulings.keys() == {"SG_1", "SG_2"}
    assert f"{rulings['SG_1']}  SG_1.json" in signed
    assert " VALIDSIG " in signed
    statement = (passage.installation.root / "SG_1.json").read_text("utf-8")
    digests = type_("The plan and the source.", f"runs/{passage.run_id}").split()
    assert f'"plan_digest":"{digests[0]}"' in statement
    assert f'"source_sha256":"{digests[2]}"' in statement
    units, intact = map(int, type_("The bodies.").strip().split("|"))
    assert units == intact > 0
    lifecycle = type_("Lifecycle.")
    assert re.search(rf"draft +\| enacted +\| [0-9a-f-]+ +\| +{units}\b", lifecycle)
    assert {"cut", "enact"} <= {word.strip() for word in lifecycle.replace("\n", "|").split("|")}
    journal = type_("The journal.").splitlines()
    anchors = {line for line in journal if "|" in line}
    records = {line.replace(" ", "|") for line in journal if " " in line}
    assert anchors
    assert anchors <= records
    computed, sealed = type_("The manifest.").strip().split("|")
    assert computed == sealed


def test_what_an_auditor_tries_as_the_executor_is_refused(typed: tuple[Passage, Callable[..., str]]) -> None:
    _, type_ = typed
    answers = type_("The guards.")
    assert answers.count("permission denied") == 2
    assert "STOP_EXECUTION_DISABLED" in answers
    assert answers.count("ERROR:") == 3
