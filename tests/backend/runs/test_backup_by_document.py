"""In a large database the backup of a run holds its document, and says what stands of the others."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.backup.prove import prove
from console.backend.backup.record import BackupNotProven, BackupRecord, list_backups
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from console.backend.postgres.connections import connect
from console.backend.postgres.document_rows import are_most, copy_rows
from tests.support.passage import DOCPREFIX, REQUEST, TEXT, Passage, silent

At = Callable[[str], Passage]
OTHER = "OTHER-LAW"
_LEDGER = {"cutter_governance.policy_pin", "cutter_governance.signing_key", "cutter_governance.signing_key_term"}


def large(passage: Passage) -> Passage:
    """The same installation, to which every database is a large one."""
    return passage.settings(backup_whole_rows=0)


def other(passage: Passage) -> RunRequest:
    """A second document, to be started LIVE."""
    origin = passage.write("other.md", "# Other\n\nText.\n\n## Part\n\nMore.\n")
    return REQUEST.model_copy(update={"origin": origin, "docprefix": OTHER})


def newest(passage: Passage) -> BackupRecord:
    """The record of the backup that was taken last."""
    taken = [backup.record for backup in list_backups(passage.installation.backups, passage.installation.context.now())]
    records = sorted((record for record in taken if record), key=lambda record: record.taken_at)
    return records[-1]


def rows(record: BackupRecord) -> dict[str, int]:
    """Rows of each table in a backup, without the empty ones."""
    return {table.table: table.rows for table in record.tables if table.rows}


def test_the_backup_of_a_run_in_a_large_database_holds_its_document_alone(at: At) -> None:
    passage = large(at("enacted"))
    run = passage.backend.start(other(passage), silent)
    record = newest(passage)
    assert record.documents == (OTHER,)
    assert {name for name in rows(record) if name.startswith("public.")} == set()
    assert rows(record)["cutter_governance.run"] == 1
    assert rows(record).keys() >= _LEDGER
    assert record.standing is not None
    assert {count.table: count.rows for count in record.standing.rows}["public.information_unit"] == 3
    (proof,) = passage.rows(
        "SELECT documents, standing FROM cutter_governance.backup_proof WHERE run_id = %s", run.run_id
    )
    assert proof == ([OTHER], record.standing.model_dump(mode="json"))
    detail = next(phase.detail for phase in passage.backend.run(run.run_id).phases if "backup" in phase.phase)
    assert f"of {OTHER}, the other documents by their standing digest" in str(detail)


def test_such_a_backup_is_enough_for_a_whole_way(at: At) -> None:
    passage = large(at("enacted"))
    request = other(passage)
    passage.backend.start(request.model_copy(update={"mode": Mode.DRYRUN}), silent)
    second = replace(passage, run_id=passage.backend.start(request, silent).run_id)
    second.sign()
    second.arm()
    second.resume()
    second.sign()
    second.enact()
    assert second.lifecycles() == ["enacted"] * 5
    assert newest(second).documents == (OTHER,)


def test_it_is_proven_again_from_its_file(at: At) -> None:
    passage = large(at("enacted"))
    passage.backend.start(other(passage), silent)
    file = passage.installation.backups / newest(passage).file_name
    here = passage.installation.gnupg_home
    assert here is not None
    # Where the private half of the backup key is.
    check = prove(file, passage.installation.context, gnupg_home=here.with_name(f"{here.name}-elsewhere"))
    assert check.evidence


def test_rows_that_are_lost_between_the_snapshot_and_the_dump_are_missed(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = large(at("enacted"))

    def without_runs(source: object, into: object, table: str, documents: tuple[str, ...]) -> int:
        return 0 if table == "cutter_governance.run" else copy_rows(source, into, table, documents)  # type: ignore[arg-type]

    monkeypatch.setattr("console.backend.backup.take.copy_rows", without_runs)
    with pytest.raises(BackupNotProven, match=r"cutter_governance\.run: 1 rows"):
        passage.backend.start(other(passage), silent)


def test_a_small_database_is_backed_up_whole(at: At) -> None:
    record = newest(at("waits for SG_1"))
    assert (record.documents, record.standing) == ((), None)


def test_the_backup_holds_everything_where_the_document_is_most_of_it(at: At) -> None:
    """Its rows would be copied aside first, to leave out less than half."""
    passage = large(at("enacted"))
    passage.write("law.md", TEXT.replace("Second", "Third"))
    passage.backend.start(REQUEST.model_copy(update={"amend": True}), silent)
    record = newest(passage)
    assert (record.documents, record.standing) == ((), None)
    assert rows(record)["public.information_unit"] == 3


@pytest.mark.parametrize(
    ("others", "documents", "expected"),
    [
        ({}, (DOCPREFIX,), True),
        ({OTHER: 2}, (DOCPREFIX,), True),
        ({OTHER: 3}, (DOCPREFIX,), False),
        ({OTHER: 4}, (DOCPREFIX,), False),
        ({OTHER: 3, "THIRD-LAW": 1}, (DOCPREFIX, OTHER), True),
        ({OTHER: None}, (DOCPREFIX,), True),
        ({}, (OTHER,), False),
    ],
    ids=["all", "more than half", "half", "less than half", "together", "one that is not kept", "none of them"],
)
def test_most_is_more_than_half_of_the_units(
    at: At, others: dict[str, int | None], documents: tuple[str, ...], expected: bool
) -> None:
    passage = at("enacted")
    passage.execute("ALTER TABLE cutter_governance.kept_document DISABLE TRIGGER ALL")
    for docprefix, units in others.items():
        passage.execute(
            "INSERT INTO cutter_governance.kept_document (docprefix, units, digest, kept_at)"
            " SELECT %s, n, CASE WHEN n IS NOT NULL THEN repeat('0', 64) END, CASE WHEN n IS NOT NULL THEN now() END"
            " FROM (SELECT %s::bigint) given (n)",
            docprefix,
            units,
        )
    with connect(passage.installation.settings.database.verifier, read_only=True) as connection:
        assert are_most(connection, documents) is expected
