"""The rows that a run adds, named by the schemas where they stand: planned, signed, compared in leg B, read back, reported."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend import batches
from console.backend.model.batches import BatchMove, MemberView
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, StopCode
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan_binding import TableDelta
from console.backend.model.run_tables import SITE_ROWS, RunTables
from console.backend.model.states import Mode, Phase, Stage
from console.backend.model.view_models import Danger, Progress
from console.cli.main import main
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, BEFORE, Beside, theirs
from tests.same_names.test_governance import _AT_SG_2, _BEFORE, _OF_LEG_B, _as_owner, _rows
from tests.support.passage import DOCPREFIX, REQUEST, UNITS, Passage, silent

_UNITS = {"public.information_unit": UNITS, "public.unit_version": UNITS}
_GOVERNED = {f"cutter_governance.{table}": rows for table, rows in _OF_LEG_B.items()}
_SITE = _UNITS | _GOVERNED
_OF_ENACTMENT = {
    "public.iu_lifecycle_log": UNITS,
    "cutter_governance.review_decision": 1,
    "cutter_governance.decision_backlog_history": 1,
}
_REGISTERED = "INSERT INTO cutter_governance.source_document_registry (doc_code, title, registered_by) VALUES ('ACME-LAW', 'Acme', 'me')"


def _by_table(deltas: tuple[TableDelta, ...]) -> dict[str, int]:
    assert len({delta.table for delta in deltas}) == len(deltas), "each table is named once"
    return {delta.table: delta.rows for delta in deltas}


def _site(deltas: tuple[TableDelta, ...]) -> dict[str, int]:
    return {table: rows for table, rows in _by_table(deltas).items() if not table.startswith("cutter_console_")}


def _check(passage: Passage) -> Check:
    return next(check for check in passage.backend.verify(passage.run_id) if check.name == SITE_ROWS)


def test_plan_ruling_and_dialog_name_the_rows_of_both_where_they_stand(beside: Beside, signed: Passage) -> None:
    run = signed.run()
    directory = signed.installation.root / "runs" / signed.run_id
    plan = json.loads((directory / "plan.json").read_text(encoding="utf-8"))
    arm = signed.backend.brief(Danger.ARM, signed.run_id)

    for deltas in (run.deltas, arm.deltas):
        assert _site(deltas) == _SITE
        assert _by_table(deltas)[beside.names.in_database("public.information_unit")] == UNITS
        assert _by_table(deltas)[beside.names.in_database("cutter_governance.manifest_envelope")] == 1
    assert {count["table"].partition(".")[0] for count in plan["world"]["counts"]} == {
        beside.names.units,
        beside.names.ledger,
    }
    statement = json.loads(next(signed.installation.root.rglob("*.SG_1.json")).read_text(encoding="utf-8"))
    assert statement["expected_deltas"] == plan["expected_deltas"]
    dry = next(path for path in directory.parent.glob("*/request.json") if "DRYRUN" in path.read_text(encoding="utf-8"))
    assert f"cutter_governance.manifest_unit_block +{UNITS}" in "".join(
        path.read_text(encoding="utf-8") for path in dry.parent.glob("*cutplan*")
    )


def test_the_command_that_plans_names_the_rows_there_by_the_site_mapping(
    beside: Beside, tied: Passage, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--root",
        str(tied.installation.root),
        "plan",
        str(tied.installation.intake / "law.md"),
        "--docprefix",
        DOCPREFIX,
    ]

    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert main(words) == 0
    text = capsys.readouterr().out

    rows = {delta["table"]: delta["rows"] for delta in answer["expected_deltas"]}
    assert rows == _by_table(RunTables.of(beside.mapping).cut(UNITS))
    assert {table: number for table, number in rows.items() if not table.startswith("cutter_console_")} == _SITE
    assert f"cutter_governance.manifest_unit_block +{UNITS}" in text
    assert "that is registered there already gets no row" in text
    tied.installation.site_mapping.unlink()
    assert main([*words, "--json"]) == 0
    own = {delta["table"] for delta in json.loads(capsys.readouterr().out)["expected_deltas"]}
    assert own == set(_by_table(RunTables().cut(UNITS)))


def test_a_document_that_is_registered_there_already_is_planned_as_no_row(tied: Passage) -> None:
    _as_owner(tied, _REGISTERED)
    tied.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(tied, run_id=tied.backend.start(REQUEST, silent).run_id)

    assert _site(passage.run().deltas) == _SITE | {"cutter_governance.source_document_registry": 0}
    passage.sign()
    passage.arm()
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert _rows(passage) == _AT_SG_2
    assert _check(passage).outcome is Outcome.PASS, _check(passage)


def test_what_was_registered_there_since_the_plan_is_refused_before_anything_is_written(signed: Passage) -> None:
    """By somebody else: an arming says so, and so does going on, where it was registered after that."""
    before, said = _rows(signed), r"governance rows there: .*source_document_registry \+0, planned \+1"
    _as_owner(signed, _REGISTERED)
    with pytest.raises(CutterError, match=said):
        signed.arm()
    _as_owner(signed, "DELETE FROM cutter_governance.source_document_registry WHERE doc_code = 'ACME-LAW'")
    signed.arm()
    _as_owner(signed, _REGISTERED)

    with pytest.raises(CutterError, match=said) as refused:
        signed.resume()

    assert f"run void {signed.run_id} --reason TEXT" in refused.value.next_action
    assert _rows(signed) == before | {"source_document_registry": before["source_document_registry"] + 1}
    assert theirs(signed) == BEFORE


def test_a_row_that_was_signed_and_is_not_added_takes_leg_b_back(signed: Passage) -> None:
    """Registered by somebody else between the legs: nothing is written that differs from what was signed."""
    before = _rows(signed)
    signed.arm()
    registered: list[Phase] = []

    def meanwhile(progress: Progress) -> None:
        if progress.phase is Phase.STRUCTURAL_VERIFY and not registered:
            registered.append(progress.phase)
            _as_owner(signed, _REGISTERED)

    with pytest.raises(CutterError, match="source_document_registry 0, signed 1") as refused:
        signed.resume(meanwhile)

    assert refused.value.code is StopCode.COUNT_MISMATCH
    assert theirs(signed) == AFTER_CUT
    assert _rows(signed) == before | {"source_document_registry": before["source_document_registry"] + 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "INSERT INTO cutter_governance.manifest_unit_block (envelope_id, unit_local_id, canonical_address, body_digest)"
            " SELECT envelope_id, '99', 'ACME-LAW/X', 'x' FROM cutter_governance.manifest_envelope",
            "cutter_governance.manifest_unit_block: 4 rows by envelope_id, 3 recorded, 3 planned",
        ),
        (
            "DELETE FROM cutter_governance.cut_change_set_affected_row",
            "cutter_governance.cut_change_set_affected_row: 0 rows by change_set_id, 3 recorded, 3 planned",
        ),
    ],
    ids=["a row more", "rows less"],
)
def test_a_verification_counts_the_rows_there_again_by_their_keys(drafted: Passage, change: str, said: str) -> None:
    before = _check(drafted)
    assert before.outcome is Outcome.PASS, before
    assert f"cutter_governance.manifest_unit_block +{UNITS} by envelope_id" in before.detail
    assert f"public.information_unit +{UNITS} by canonical_address" in before.detail

    _as_owner(drafted, change)

    after = _check(drafted)
    assert (after.outcome, said in after.detail) == (Outcome.FAIL, True), after


def test_the_report_says_what_was_written_there_by_which_keys_and_that_it_was_compared(
    beside: Beside, enacted: Passage
) -> None:
    folder = max(enacted.installation.root.rglob("report.json"), key=lambda path: path.stat().st_mtime).parent
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))

    cut = next(deltas for deltas in report["deltas"] if deltas["what"] == "cut")
    rows = {row["table"]: (row["expected"], row["actual"], row["outcome"]) for row in cut["rows"]}
    there = {table: row for table, row in rows.items() if not table.startswith("cutter_console_")}
    assert there == {"cutter_governance.verify_result": (0, 0, "PASS")} | {
        table: (number, number, "PASS") for table, number in _SITE.items()
    }
    enactment = next(deltas for deltas in report["deltas"] if deltas["what"] == "enactment")
    by_table = {row["table"]: (row["expected"], row["actual"], row["outcome"]) for row in enactment["rows"]}
    assert {table: row for table, row in by_table.items() if not table.startswith("cutter_console_")} == {
        table: (number, number, "PASS") for table, number in _OF_ENACTMENT.items()
    }
    assert len(by_table) == 2 * len(_OF_ENACTMENT), "the console's own tables beside them"
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    closing = texts[max(texts)]
    assert "Rows in the organisation's tables" in closing
    assert f"cutter_governance.manifest_unit_block +{UNITS}" in closing
    statements = enacted.rows(f"SELECT statement_sha256 FROM {beside.names.ledger}.approval")
    assert len(statements) == 2
    assert all(f"compared with the ruling {sha256}" in closing for (sha256,) in statements)
    verified = closing.partition("rows that a verification has added")[2].partition("\n")[0]
    assert "compared with the ruling" not in verified
    assert f"cutter_governance.manifest_unit_block +{UNITS} by envelope_id" in closing
    assert "rows that the enactment has added to the organisation's tables" in closing
    # Of a table that only the console has, its name as statements write it stands nowhere.
    for name in ("run_event", "approval_use", "execution_lease"):
        assert f"{beside.names.ledger}.{name}" in json.dumps(report)
        assert not [file for file, text in texts.items() if f"cutter_governance.{name}" in text]
    # So does the bundle, which says that nothing of them was changed.
    bundle = Path(enacted.backend.bundle(silent).directory)
    final = (bundle / "10-final.md").read_text(encoding="utf-8")
    assert f"{beside.names.ledger}.execution_lease: 2 rows" in final
    assert "cutter_governance." not in final


def _of_revert(passage: Passage) -> tuple[dict[str, tuple[int, int | None, str]], str]:
    """Return the rows of the revert by the newest report, and its closing document."""
    folder = Path(passage.backend.report(passage.run_id).directory)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (deltas,) = (deltas for deltas in report["deltas"] if deltas["what"] == "revert")
    closing = max(folder.glob("*.md")).read_text(encoding="utf-8")
    return {row["table"]: (row["expected"], row["actual"], row["outcome"]) for row in deltas["rows"]}, closing


def _there(rows: dict[str, tuple[int, int | None, str]]) -> dict[str, tuple[int, int | None, str]]:
    return {table: row for table, row in rows.items() if not table.startswith("cutter_console_")}


@pytest.mark.parametrize("how", ["under SG_1", "by a ruling of its own"])
def test_the_report_of_a_revert_has_its_rows_there_as_that_of_an_enactment(signed: Passage, how: str) -> None:
    signed.arm()
    signed.resume()
    if how == "by a ruling of its own":
        drafted = signed.backend.draft_statement(signed.run_id, revert=True)
        signature = signed.backend.sign_as_demo_sovereign(drafted.statement_path)
        signed.backend.import_statement(drafted.statement_path, (signature,))
    signed.backend.revert(signed.run_id, signed.run_id)

    rows, closing = _of_revert(signed)

    assert _there(rows) == {table: (number, number, "PASS") for table, number in _OF_ENACTMENT.items()}
    assert len(rows) == 2 * len(_OF_ENACTMENT), "the console's own tables beside them"
    rule = "what was signed" if how == "by a ruling of its own" else "by the site mapping"
    assert f"{UNITS} units; of the organisation's tables, {rule}" in closing
    # Nobody else's mapping says what was to be added.
    mapping = signed.installation.site_mapping
    sha256 = sha256_hex(mapping.read_bytes())
    mapping.write_bytes(mapping.read_bytes() + b"\n")
    rows, closing = _of_revert(signed)
    if how == "under SG_1":
        assert _there(rows) == {}
        assert f"they were written by the site mapping {sha256}, which this host does not keep" in closing
    else:
        assert len(_there(rows)) == len(_OF_ENACTMENT)


def test_the_report_of_a_revert_needs_no_file_of_the_plan(drafted: Passage) -> None:
    """What leg B has begun is read out of the database's record."""
    drafted.backend.revert(drafted.run_id, drafted.run_id)
    rows, _ = _of_revert(drafted)
    for file in (drafted.installation.root / "runs" / drafted.run_id).glob("plan*.json"):
        file.unlink()

    assert _of_revert(drafted)[0] == rows
    assert len(_there(rows)) == len(_OF_ENACTMENT)


def test_the_report_of_a_revert_before_leg_b_wants_no_row_that_leg_b_would_have_begun(signed: Passage) -> None:
    def stop(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.LEG_B_RECORD, "begins"):
            raise KeyboardInterrupt

    signed.arm()
    with pytest.raises(KeyboardInterrupt):
        signed.resume(stop)
    signed.backend.revert(signed.run_id, signed.run_id)

    rows, _ = _of_revert(signed)

    assert _there(rows) == {"public.iu_lifecycle_log": (UNITS, UNITS, "PASS")}
    assert {row[2] for row in rows.values()} == {"PASS"}


def test_the_report_of_a_revert_shows_a_row_that_was_not_added(signed: Passage) -> None:
    signed.arm()
    signed.resume()
    signed.backend.revert(signed.run_id, signed.run_id)
    with signed.connect() as connection:
        connection.execute("ALTER TABLE cutter_console.site_effect DISABLE TRIGGER guard_append_only")
        connection.execute(
            "UPDATE cutter_console.site_effect SET rows_added = rows_added - 'cutter_governance.review_decision'"
            " WHERE step = 'revert'"
        )

    rows, _ = _of_revert(signed)

    assert rows["cutter_governance.review_decision"] == (1, None, "INCONCLUSIVE")


@pytest.fixture
def begun_without(beside: Beside) -> Passage:
    """A run that waits for SG_2, cut by a mapping without the section of governance, which the mapping has had since then."""

    def make() -> Passage:
        passage = tie(beside.stages.at("fresh"), beside.mapping.model_copy(update={"governance": None}))
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
        passage.sign()
        passage.arm()
        passage.resume()
        return tie(passage, beside.mapping)

    return beside.stages.kept("the section came between the rulings", make).as_pinned()


def test_what_leg_b_has_not_begun_there_is_neither_signed_nor_missed(begun_without: Passage) -> None:
    passage, log = begun_without, {"public.iu_lifecycle_log": UNITS}
    assert all(check.outcome is Outcome.PASS for check in passage.backend.verify(passage.run_id))
    assert all(check.outcome is Outcome.PASS for check in passage.backend.verify(passage.run_id)), "and once more"
    for danger in (Danger.ENACT, Danger.REVERT):
        assert _site(passage.backend.brief(danger, passage.run_id).deltas) == log
    passage.sign()
    statement = json.loads(next(passage.installation.root.rglob("*.SG_2.json")).read_text(encoding="utf-8"))
    assert _site(tuple(map(TableDelta.model_validate, statement["expected_deltas"]))) == log

    assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED

    assert _rows(passage) == _BEFORE
    view = passage.backend.report(passage.run_id)
    report = json.loads((Path(view.directory) / "report.json").read_text(encoding="utf-8"))
    assert report["outcome"] == "PASS"


def test_a_batch_s_dialog_names_what_leg_b_of_each_member_has_begun_there(begun_without: Passage) -> None:
    deltas = batches._deltas(begun_without.installation, BatchMove.ENACT, (_member(begun_without),))
    assert _site(deltas) == {"public.iu_lifecycle_log": UNITS}


def test_a_batch_s_dialog_names_the_rows_of_governance_where_leg_b_has_begun_them(signed: Passage) -> None:
    signed.arm()
    signed.resume()
    assert _site(batches._deltas(signed.installation, BatchMove.ENACT, (_member(signed),))) == _OF_ENACTMENT


def _member(passage: Passage) -> MemberView:
    """The passage's run as the member of a batch."""
    stage, number = Stage.AWAITING_LIFECYCLE_AUTHORIZATION, UNITS
    return MemberView(
        position=1, run_id=passage.run_id, name="law.md", docprefix=DOCPREFIX, state=stage.value,
        stage=stage, family=None, n_units=number, plan_digest="",
    )  # fmt: skip


def test_the_report_of_a_revert_misses_nothing_that_leg_b_has_not_begun_there(begun_without: Passage) -> None:
    begun_without.backend.revert(begun_without.run_id, begun_without.run_id)

    rows, _ = _of_revert(begun_without)

    assert _there(rows) == {"public.iu_lifecycle_log": (UNITS, UNITS, "PASS")}


def test_rows_that_were_signed_and_that_leg_b_has_not_begun_take_the_enactment_back(
    begun_without: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older program drafts it: the enactment was committed without them, and said nothing."""
    passage = begun_without
    with monkeypatch.context() as older:
        older.setattr(RunTables, "of_plan", lambda tables, _: tables)
        passage.sign()
        with pytest.raises(CutterError) as refused:
            passage.enact()

    assert refused.value.code is StopCode.APPROVAL_INVALID
    assert "leg B of this run has no rows in the organisation's governance tables: " in refused.value.message
    assert "cutter_governance.review_decision 0, signed 1" in refused.value.message
    assert theirs(passage) == AFTER_CUT
    assert {
        state
        for (state,) in passage.rows("SELECT lifecycle_status FROM public.information_unit WHERE doc_code = 'ACME-LAW'")
    } == {"draft"}
    # What it says is to be done can be done.
    assert "cutter-console approval draft" in refused.value.next_action
    passage.sign()
    assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED
