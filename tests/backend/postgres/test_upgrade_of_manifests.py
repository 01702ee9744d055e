"""What version 0.2.0 has left stays as evidence and authorises nothing new; a draft cut of it still has both ways out."""

from collections.abc import Iterator

import pytest

from console.backend.model.outcome import Outcome
from console.backend.postgres import ledger
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.signed_cut import SignedCut, copies_of, counts, stopped
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.version_0_2_0 import draft_cut
from tests.conftest import Database, prepare_template
from tests.support.older_schemas import VERSION_0_2_0, install
from tests.support.sovereign import sovereign


def of_version_0_2_0(database: Database) -> tuple[SignedCut, ...]:
    """A draft cut in a database of version 0.2.0."""
    install(database.conninfo(), VERSION_0_2_0)
    return (draft_cut(database),)


def upgraded_since(database: Database) -> tuple[SignedCut, ...]:
    """The same, after the upgrade and the pin of a policy."""
    (older,) = of_version_0_2_0(database)
    prepare_template(database.conninfo())
    with database.connect() as connection:
        sovereign().pin(connection)
    return (older,)


@pytest.fixture
def older(each_cluster: TransientCluster) -> Iterator[SignedCut]:
    """A draft cut in a database of version 0.2.0."""
    for (run,) in copies_of(each_cluster, "template0", of_version_0_2_0):
        yield run


@pytest.fixture
def upgraded(each_cluster: TransientCluster) -> Iterator[SignedCut]:
    """The same, after the upgrade and the pin of a policy."""
    for (run,) in copies_of(each_cluster, "template0", upgraded_since):
        yield run


def test_the_upgrade_keeps_every_row_and_has_not_drifted(older: SignedCut) -> None:
    before = counts(older.database)
    migrate(older.database.conninfo())
    assert counts(older.database) == before
    assert measure_drift(older.database.conninfo("cutter_ro")).outcome is Outcome.PASS


def _seals(run: SignedCut) -> list[tuple[object, ...]]:
    with run.database.connect("cutter_ro") as connection:
        query = "SELECT run_id, manifest_digest, n_units FROM cutter_governance.v_manifest_seal"
        return connection.execute(query.encode()).fetchall()


def test_a_manifest_that_holds_is_sealed_as_it_is_and_nothing_is_added_to_it(upgraded: SignedCut) -> None:
    assert _seals(upgraded) == [(upgraded.run_id, ledger.manifest_digest(upgraded.units), 3)]
    with upgraded.verifier() as connection:
        assert ledger.draft_differences(connection, upgraded.run_id) == ()
    with stopped("STOP_EXECUTION_DISABLED", "STOP_INVARIANT_FAILED"), upgraded.database.connect() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body, body_sha256,"
            " byte_start, byte_end, line_start, line_end) VALUES (%s, 99, 'ACME-LAW/X', 'a', 'b', '', '', '', '', 0, 1, 1, 1)",
            (upgraded.run_id,),
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cutter_governance.manifest_unit_block SET title = 'Forged' WHERE seq = 1",
        "UPDATE cutter_governance.manifest_unit_block SET body = 'Forged' WHERE seq = 1",
        "DELETE FROM cutter_governance.manifest_unit_block WHERE seq = 3",
        "UPDATE cutter_governance.approval SET manifest_digest = repeat('0', 64)",
        "DELETE FROM cutter_governance.approval_use",
    ],
)
def test_a_manifest_that_does_not_hold_is_not_sealed_and_its_drafts_can_only_be_taken_back(
    older: SignedCut, change: str
) -> None:
    tamper(older.database, change)
    prepare_template(older.database.conninfo())
    assert _seals(older) == []
    with stopped("STOP_DRIFT", "STOP_APPROVAL_INVALID"):
        older.rule("enact", {"n_units": 3})
    with stopped("STOP_INVARIANT_FAILED"):
        older.verify()


def test_a_draft_cut_is_verified_again_and_enacted_under_a_new_ruling(upgraded: SignedCut) -> None:
    with stopped("STOP_DRIFT"):
        upgraded.rule("enact")
    upgraded.verify()
    upgraded.lawful()
    assert (upgraded.lifecycles(), upgraded.stage()) == (["enacted"] * 3, "lifecycle_enacted/active")


def test_a_draft_cut_is_taken_back_by_a_signed_revert(upgraded: SignedCut) -> None:
    assert upgraded.plan.world is not None
    upgraded.rule("revert")
    upgraded.reverted()
    assert upgraded.lifecycles() == ["superseded"] * 3
    with upgraded.verifier() as connection:
        row = connection.execute("SELECT cutter_console.fn_readers_digest()").fetchone()
    assert row == (upgraded.plan.world.baseline_digest,)


def test_a_ruling_that_the_database_never_verified_authorises_nothing(upgraded: SignedCut) -> None:
    """Its columns stood beside its bytes; whoever had the verifier's password could have written them."""
    for purpose in ("revert", "enact"):
        with stopped("STOP_POLICY_UNSATISFIABLE", "STOP_APPROVAL_REQUIRED"):
            upgraded.arm(purpose)
    with stopped("STOP_EXECUTION_DISABLED"):
        upgraded.arm("cut")
    assert upgraded.lifecycles() == ["draft"] * 3
