"""A revised text through the same phases as the first: two rulings, gates, backup, verification, reports."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.documents.export_json import exported_text
from console.backend.model.amendment import Moved
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Stage
from console.backend.model.view_models import Danger, RunRequest, RunView
from console.backend.postgres.connections import connect
from console.backend.postgres.measure import readers_digest
from console.backend.runs.document_states import history_of, text_as_of
from console.backend.runs.reverify import verify_drafts
from console.backend.runs.stored_document import read_state, read_stored
from console.screens.run_text import came_to
from tests.backend.postgres.tampering import tamper
from tests.support.passage import DOCPREFIX, REQUEST, TEXT, Kept, Passage, fingerprint, silent

At = Callable[[str], Passage]
REVISED = "Stands first.\n\n# One\n\nText one.\n\n## Alpha\n\nFirst, changed.\n\n## Gamma\n\nThird.\n"
"""Alpha is changed, Beta gone, Gamma new, and One as it was."""
_IN_FORCE = "SELECT canonical_address, body FROM cutter_governance.v_in_force ORDER BY canonical_address"
_NEW_LAW = [
    (f"{DOCPREFIX}/ONE", "# One\n\nText one.\n\n"),
    (f"{DOCPREFIX}/ONE/ALPHA", "## Alpha\n\nFirst, changed.\n\n"),
    (f"{DOCPREFIX}/ONE/GAMMA", "## Gamma\n\nThird.\n"),
]


def amend(passage: Passage, text: str = REVISED, moved: tuple[Moved, ...] = ()) -> Passage:
    """The passage with an amendment at its first pause, after its dry run."""
    request = REQUEST.model_copy(update={"origin": passage.write("law-2.md", text), "amend": True, "moved": moved})
    dry = passage.backend.start(request.model_copy(update={"mode": Mode.DRYRUN}), silent)
    assert dry.state.stage is Stage.CLOSEOUT_REPORTED, dry.state
    return Passage(passage.backend, passage.cluster, passage.database, passage.backend.start(request, silent).run_id)


def to_second_pause(passage: Passage) -> RunView:
    """SG_1, the switch, the drafts."""
    passage.sign()
    passage.arm()
    return passage.resume()


def at_first_pause(at: At, kept: Kept) -> Passage:
    """The amendment of the law at its first pause, as it is kept."""
    return kept("an amendment waits for SG_1", lambda: amend(at("enacted")))


def at_second_pause(at: At, kept: Kept) -> Passage:
    """The same amendment, whose drafts are written."""

    def make() -> Passage:
        passage = at_first_pause(at, kept)
        to_second_pause(passage)
        return passage

    return kept("an amendment waits for SG_2", make)


def amended(at: At, kept: Kept) -> Passage:
    """The same amendment, enacted."""

    def make() -> Passage:
        passage = at_second_pause(at, kept)
        passage.sign()
        passage.enact()
        return passage

    return kept("an amendment is law", make)


def rows_as_recorded(passage: Passage) -> Outcome:
    """The verdict of the gate that compares the rows with the recorded steps; PARTIAL while a run rests."""
    (gate,) = passage.backend.gates(("G1",)).gates
    return next(check.outcome for check in gate.checks if check.name == "rows as recorded")


def digest(passage: Passage) -> str:
    """What readers see."""
    with connect(passage.installation.settings.database.monitor, read_only=True) as connection:
        return readers_digest(connection)


def test_an_amendment_goes_from_file_to_law_under_two_rulings(at: At, kept: Kept) -> None:
    passage = at_second_pause(at, kept)
    run = passage.run()
    assert (run.state.stage, run.state.family) == (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, Family.ACTIVE)
    assert rows_as_recorded(passage) is Outcome.PARTIAL
    assert passage.rows(_IN_FORCE) != _NEW_LAW
    passage.sign()
    run = passage.enact()
    assert run.state.stage is Stage.CLOSEOUT_REPORTED
    assert passage.rows(_IN_FORCE) == _NEW_LAW
    text = passage.rows("SELECT cutter_console.fn_state_text(%s)", passage.run_id)
    assert text == [(REVISED.encode(),)]
    before, now = (state.in_force_from for state in history_of(passage.installation, DOCPREFIX))
    exported = [read_state(passage.installation, DOCPREFIX, moment) for moment in (before, now)]
    assert [exported_text(document) for document in exported] == [TEXT.encode(), REVISED.encode()]
    assert exported[1] == read_stored(passage.installation, DOCPREFIX, with_drafts=False)
    assert {phase.outcome for phase in run.phases} == {Outcome.PASS}


def test_the_report_of_an_amendment_says_what_was_written_and_confirms_it(at: At, kept: Kept) -> None:
    passage = amended(at, kept)
    report = passage.backend.report(passage.run_id)
    closeout = (Path(report.directory) / "13-closeout.md").read_text(encoding="utf-8")
    assert "## FINAL OUTCOME: PASS" in closeout
    assert "| public.iu_lifecycle_log | +3 [13.enact.expected] | +3 [13.enact.counted] | PASS |" in closeout
    assert "1 unchanged, 1 changed, 1 new, 1 gone" in (Path(report.directory) / "03-cutplan.md").read_text(
        encoding="utf-8"
    )


def test_the_report_of_an_amendment_without_its_plan_says_what_it_does_not_know(at: At, kept: Kept) -> None:
    passage = amended(at, kept)
    for name in ("plan.json", "plan-facts.json"):
        (passage.installation.root / "runs" / passage.run_id / name).unlink()
    report = passage.backend.report(passage.run_id)
    closeout = (Path(report.directory) / "13-closeout.md").read_text(encoding="utf-8")
    assert "how many it was to be is not known" in closeout
    assert "## FINAL OUTCOME: PASS" not in closeout


def test_the_dialogs_and_the_statement_say_what_an_amendment_does(at: At, kept: Kept) -> None:
    passage = at_first_pause(at, kept)
    said = "1 unchanged, 1 changed, 1 new, 1 gone"
    assert said in " ".join(passage.backend.brief(Danger.ARM, passage.run_id).effects)
    statement = passage.backend.draft_statement(passage.run_id)
    assert any('"operation": "amend"' in line for line in statement.statement_lines)
    passage = at_second_pause(at, kept)
    briefing = passage.backend.brief(Danger.ENACT, passage.run_id)
    assert said in " ".join(briefing.effects)
    assert {delta.table: delta.rows for delta in briefing.deltas}["public.iu_lifecycle_log"] == 3
    assert "amended again" in " ".join(passage.backend.brief(Danger.REVERT, passage.run_id).effects)


def test_a_dry_run_of_an_amendment_writes_nothing(at: At) -> None:
    passage = at("enacted")
    request = REQUEST.model_copy(
        update={"origin": passage.write("law-2.md", REVISED), "amend": True, "mode": Mode.DRYRUN}
    )
    before = fingerprint(passage)
    run = passage.backend.start(request, silent)
    assert run.state.stage is Stage.CLOSEOUT_REPORTED
    assert fingerprint(passage) == before


def test_a_reverted_amendment_leaves_readers_with_what_they_saw(at: At) -> None:
    passage = at("enacted")
    before, law = digest(passage), passage.rows(_IN_FORCE)
    passage = amend(passage)
    to_second_pause(passage)
    passage.backend.revert(passage.run_id, passage.run_id)
    assert (digest(passage), passage.rows(_IN_FORCE)) == (before, law)
    again = amend(passage)
    to_second_pause(again)
    again.sign()
    again.enact()
    assert again.rows(_IN_FORCE) == _NEW_LAW


@pytest.mark.parametrize(
    ("stage", "text", "message"),
    [
        ("fresh", REVISED, "nothing of ACME-LAW is law"),
        ("waits for SG_2", REVISED, "nothing of ACME-LAW is law"),
        ("enacted", TEXT, "changes nothing"),
    ],
)
def test_an_amendment_of_no_law_or_of_nothing_is_refused(at: At, stage: str, text: str, message: str) -> None:
    passage = at(stage)
    request = RunRequest(origin=passage.write("law-2.md", text), docprefix=DOCPREFIX, mode=Mode.LIVE, amend=True)
    with pytest.raises(Refused, match=message):
        passage.backend.start(request, silent)


OTHER_DATES = (f"Of 2 March.\n\n{TEXT}", f"Of 3 March.\n\n{TEXT}")
"""Of these no unit differs from the text."""


def test_a_text_of_which_no_unit_differs_becomes_law_as_it_stands(at: At) -> None:
    """The date of the last change alone: a revision like any other, with all that belongs to it."""
    _become_law(at("enacted"), OTHER_DATES[:1])


def test_texts_of_which_no_unit_differs_follow_each_other_until_the_first_one_returns(at: At) -> None:
    _become_law(at("enacted"), (*OTHER_DATES, TEXT))


def _become_law(passage: Passage, texts: Sequence[str]) -> None:
    """Each after the one before it; the first is taken back once."""
    made = []
    for number, text in enumerate(texts):
        passage = amend(passage, text)
        run = to_second_pause(passage)
        assert run.amendment is not None
        assert (run.amendment.touched, rows_as_recorded(passage)) == (0, Outcome.PARTIAL)
        if number == 0:
            seen = digest(passage)
            withdrawn = " ".join(passage.backend.brief(Danger.REVERT, passage.run_id).effects)
            assert "it has written no draft version" in withdrawn
            passage.backend.revert(passage.run_id, passage.run_id)
            assert digest(passage) == seen
            passage = amend(passage, text)
            to_second_pause(passage)
        said = " ".join(passage.backend.brief(Danger.ENACT, passage.run_id).effects)
        armed = " ".join(passage.backend.brief(Danger.ARM, passage.run_id).effects)
        assert [
            sentence
            for sentence in (armed, said, withdrawn, came_to(run))
            if " 0 draft" in sentence or "0 changes" in sentence
        ] == []
        assert came_to(run).startswith(f"The new text of {DOCPREFIX} is sealed and verified.")
        assert "the order of the units differs, or the text between them" in said
        passage.sign()
        assert {phase.outcome for phase in passage.enact().phases} == {Outcome.PASS}
        made.append(passage.run_id)
    report = Path(passage.backend.report(passage.run_id).directory)
    assert "## FINAL OUTCOME: PASS" in (report / "13-closeout.md").read_text(encoding="utf-8")
    states = history_of(passage.installation, DOCPREFIX)
    assert [state.run_id for state in states[1:]] == made
    shown = [text_as_of(passage.installation, DOCPREFIX, state.in_force_from) for state in states]
    assert [state.text for state in shown] == [text.encode() for text in (TEXT, *texts)]
    assert all(state.shown.equal for state in shown)
    assert rows_as_recorded(passage) is Outcome.PASS


def test_a_renumbering_that_does_not_fit_is_refused(at: At) -> None:
    passage = at("enacted")
    moved = Moved(old=f"{DOCPREFIX}/ONE/ALPHA", new=f"{DOCPREFIX}/ONE/GAMMA")
    with pytest.raises(Refused, match="is not gone from the new text") as refused:
        amend(passage, moved=(moved,))
    assert refused.value.code is StopCode.REFUSED_INPUT


def test_a_law_is_not_cut_a_second_time_and_the_refusal_names_the_way(at: At) -> None:
    passage = at("enacted")
    request = RunRequest(origin=passage.write("law-2.md", REVISED), docprefix=DOCPREFIX, mode=Mode.LIVE)
    with pytest.raises(Refused) as refused:
        passage.backend.start(request, silent)
    assert "--amend" in refused.value.next_action


def test_a_text_can_be_in_force_from_a_later_moment_than_its_enactment(at: At) -> None:
    passage = at("enacted")
    law = passage.rows(_IN_FORCE)
    passage = amend(passage)
    to_second_pause(passage)
    later = datetime(2100, 1, 1, tzinfo=UTC)
    passage.sign(in_force_from=later)
    assert "in force from 2100-01-01" in str(passage.backend.brief(Danger.ENACT, passage.run_id).checks)
    passage.enact()
    assert passage.rows(_IN_FORCE) == law
    query = "SELECT canonical_address, body FROM cutter_console.fn_in_force(%s) ORDER BY canonical_address"
    assert passage.rows(query, later) == _NEW_LAW
    assert passage.rows(query, later - timedelta(seconds=1)) == law


def test_a_text_that_would_begin_before_the_one_that_it_follows_gets_no_second_ruling(at: At, kept: Kept) -> None:
    """It was drafted and signed; the import refused it, and told to draft the same again."""
    passage = at_second_pause(at, kept)
    later = datetime(2100, 1, 1, tzinfo=UTC)
    tamper(passage, "UPDATE cutter_governance.approval SET in_force_from = '2100-01-01+00' WHERE kind = 'SG_2'")
    for moment in (None, later - timedelta(seconds=1)):
        with pytest.raises(Refused, match="this one cannot be in force before it") as refused:
            passage.backend.draft_statement(passage.run_id, in_force_from=moment)
        assert refused.value.next_action.endswith(f"{passage.run_id} --in-force-from 2100-01-01T00:00:00+00:00")
    passage.sign(in_force_from=later)


def test_a_moment_that_has_passed_or_that_no_enactment_asks_for_is_refused(at: At, kept: Kept) -> None:
    passage = at_first_pause(at, kept)
    with pytest.raises(Refused, match="SG_2 alone says"):
        passage.backend.draft_statement(passage.run_id, in_force_from=datetime(2100, 1, 1, tzinfo=UTC))
    passage = at_second_pause(at, kept)
    with pytest.raises(Refused, match="has passed"):
        passage.backend.draft_statement(passage.run_id, in_force_from=datetime(2020, 1, 1, tzinfo=UTC))
    passage.backend.draft_statement(passage.run_id)
    with pytest.raises(Refused, match="is drafted already and names no later moment"):
        passage.backend.draft_statement(passage.run_id, in_force_from=datetime(2100, 1, 1, tzinfo=UTC))


def test_a_new_unit_in_another_place_than_planned_fails_its_verification(at: At, kept: Kept) -> None:
    passage = at_second_pause(at, kept)
    run = passage.run()
    change = f"UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE canonical_address = '{DOCPREFIX}/ONE/GAMMA'"
    tamper(passage, change)
    failed = {
        check.name for check in verify_drafts(passage.installation, run, record=False) if check.outcome is Outcome.FAIL
    }
    assert {"hierarchy", "effects", "as signed"} <= failed


_ONE, _GAMMA = (f"canonical_address = '{DOCPREFIX}/ONE{name}'" for name in ("", "/GAMMA"))
_OF_ONE, _OF_GAMMA = (
    f"id = (SELECT version_anchor_ref FROM public.information_unit WHERE {unit})" for unit in (_ONE, _GAMMA)
)
UNLIKE_THE_PLAN = {
    "another body of what stays": (
        "body fidelity",
        "unit_version",
        "body = body || '!'",
        "body = left(body, -1)",
        _OF_ONE,
    ),
    "another body of what is new": (
        "body fidelity",
        "unit_version",
        "body = upper(body)",
        "body = E'## Gamma\n\nThird.\n'",
        _OF_GAMMA,
    ),
    "another title of what stays": ("hierarchy", "unit_version", "title = 'Two'", "title = 'One'", _OF_ONE),
    "no number": ("hierarchy", "information_unit", "section_code = NULL", "section_code = ''", _ONE),
    "another sha256": (
        "anchors",
        "unit_version",
        "content_hash = upper(content_hash)",
        "content_hash = lower(content_hash)",
        _OF_GAMMA,
    ),
    "a unit that is law no more": (
        "effects",
        "information_unit",
        "lifecycle_status = 'superseded'",
        "lifecycle_status = 'enacted'",
        _ONE,
    ),
    "a new unit that is law already": (
        "effects",
        "information_unit",
        "lifecycle_status = 'enacted'",
        "lifecycle_status = 'draft'",
        _GAMMA,
    ),
    "another manifest": (
        "as signed",
        "manifest_unit_block",
        "title = 'Two'",
        "title = 'One'",
        "seq = 1 AND run_id = (SELECT max(run_id) FROM cutter_governance.run WHERE operation = 'amend')",
    ),
    "another unit under the address": (
        "addresses",
        "information_unit",
        f"canonical_address = '{DOCPREFIX}/TWO'",
        f"canonical_address = '{DOCPREFIX}/ONE'",
        f"canonical_address IN ('{DOCPREFIX}/ONE', '{DOCPREFIX}/TWO')",
    ),
}
"""A check that fails, and what is changed behind the guards: table, change, the way back, and of which row."""


def test_what_is_not_as_planned_of_an_amendment_fails_its_verification_by_name(at: At, kept: Kept) -> None:
    passage = at_second_pause(at, kept)
    run = passage.run()

    def failed() -> set[str]:
        checks = verify_drafts(passage.installation, run, record=False)
        return {check.name for check in checks if check.outcome is Outcome.FAIL}

    assert failed() == set()
    for name, (check, table, change, back, rows) in UNLIKE_THE_PLAN.items():
        schema = "cutter_governance" if table == "manifest_unit_block" else "public"
        tamper(passage, f"UPDATE {schema}.{table} SET {change} WHERE {rows}")
        assert check in failed(), name
        tamper(passage, f"UPDATE {schema}.{table} SET {back} WHERE {rows}")
    assert failed() == set()
    # A manifest that agrees with its rows is not yet the one that was planned, nor the text at hand the one that was.
    of_amendment = UNLIKE_THE_PLAN["another manifest"][-1]
    source = passage.installation.root / "runs" / passage.run_id / "source.raw"
    pinned = source.read_bytes()
    source.write_bytes(pinned.replace(b"Third", b"Other"))
    assert "body fidelity" in failed()
    source.write_bytes(pinned)
    tamper(
        passage,
        f"UPDATE public.unit_version SET title = 'Two' WHERE {_OF_ONE}",
        f"UPDATE cutter_governance.manifest_unit_block SET title = 'Two' WHERE {of_amendment}",
    )
    assert "hierarchy" in failed()
