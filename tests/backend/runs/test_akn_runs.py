"""A run over Akoma Ntoso goes through the phases of every run: dry, live, verified, enacted, and exported again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.states import Mode, Phase, Stage
from console.backend.model.view_models import RunRequest
from console.backend.runs.workspace import Workspace
from console.cli.main import main
from tests.backend.documents.test_akn_intake import art, para, xml
from tests.support.akn_reader import schema_faults, units_of
from tests.support.passage import Passage, silent

At = Callable[[str], Passage]
LAW = xml(
    "<chapter><num>Chapter I</num><heading>Rules</heading>"
    + art("Article 1", para("(1)", "One.") + para("(2)", "Two."), "Scope")
    + "</chapter>",
    before="<!-- draft 3 --><preface><p>MODEL ACT</p></preface>",
)
TEXT = "MODEL ACT\n\nChapter I Rules\n\nArticle 1 Scope\n\n(1) One.\n\n(2) Two.\n\n"
PREFIX = "ACME-AKN"
REQUEST = RunRequest(origin="file:act.xml", docprefix=PREFIX, profile="akn", mode=Mode.LIVE)


def started(passage: Passage, mode: Mode) -> Passage:
    """The passage with a run over the law."""
    (passage.installation.intake / "act.xml").write_bytes(LAW)
    view = passage.backend.start(REQUEST.model_copy(update={"mode": mode}), silent)
    return replace(passage, run_id=view.run_id)


def test_a_dry_run_walks_every_phase_and_writes_nothing(at: At) -> None:
    passage = at("fresh")
    before = passage.counts()["public.information_unit"]
    passage = started(passage, Mode.DRYRUN)
    assert passage.run().state.stage is Stage.CLOSEOUT_REPORTED
    assert passage.counts()["public.information_unit"] == before
    record = Workspace.open(passage.installation.root, passage.run_id).record(Phase.MARK)
    assert record is not None
    evidence = {check.name: check.evidence for check in record.checks}
    assert "1 comment (7 characters), 2 metadata" in str(evidence["not in the text"])


def test_what_the_markup_gives_becomes_law_and_the_file_stays_the_source(at: At, tmp_path: Path) -> None:
    passage = at("fresh")
    started(passage, Mode.DRYRUN)
    passage = started(passage, Mode.LIVE)
    passage.sign()
    passage.arm()
    passage.resume()
    passage.sign()
    passage.enact()

    bodies = passage.rows(
        "SELECT u.canonical_address, v.body, u.lifecycle_status FROM public.information_unit u"
        " JOIN public.unit_version v ON v.id = u.version_anchor_ref ORDER BY u.created_at, u.canonical_address"
    )
    assert sorted(bodies) == [
        (f"{PREFIX}/ART-1", "Article 1 Scope\n\n", "enacted"),
        (f"{PREFIX}/ART-1/PARA-1", "(1) One.\n\n", "enacted"),
        (f"{PREFIX}/ART-1/PARA-2", "(2) Two.\n\n", "enacted"),
        (f"{PREFIX}/CHP-I", "Chapter I Rules\n\n", "enacted"),
    ]
    ((sha256, canonical, rule),) = passage.rows(
        "SELECT sha256, canonical_sha256, canon_rule FROM cutter_governance.source_document_version_registry"
        " WHERE docprefix = %s",
        PREFIX,
    )
    assert (sha256, canonical, rule) == (sha256_hex(LAW), sha256_hex(TEXT.encode()), "canon-akn-v0.1.0")

    out = tmp_path / "again.xml"
    words = ["--docprefix", PREFIX, "--country", "de", "--language", "eng", "--date", "2020-01-31", "--out", str(out)]
    assert main(["--root", str(passage.installation.root), "document", "export", *words]) == 0
    assert schema_faults(out.read_bytes()) == []
    assert [unit.address for unit in units_of(out.read_bytes())] == [
        *(f"{PREFIX}/CHP-I", f"{PREFIX}/ART-1", f"{PREFIX}/ART-1/PARA-1", f"{PREFIX}/ART-1/PARA-2")
    ]


def test_a_file_that_is_refused_starts_no_run_that_goes_on(at: At) -> None:
    passage = at("fresh")
    (passage.installation.intake / "act.xml").write_bytes(LAW.replace(b"(2)", b"(1)"))
    with pytest.raises(Refused, match="ADDRESS_REPEATED"):
        passage.backend.start(REQUEST, silent)


def test_the_intake_folder_offers_the_profile_of_a_file_with_markup(at: At) -> None:
    passage = at("fresh")
    (passage.installation.intake / "act.xml").write_bytes(LAW)
    profiles = {entry.name: entry.profile for entry in passage.backend.intake()}
    assert (profiles["act.xml"], profiles["law.md"]) == ("akn", "")
    view = passage.backend.plan("file:act.xml", PREFIX, "akn", ordinals=False)
    assert view.document is not None
    assert view.text.line(1) == "MODEL ACT"
