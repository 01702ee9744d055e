"""G8 names each known limit and goes red when it bites."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from console.backend.approvals.policy import load_policy
from console.backend.gates import residuals
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.gates.residuals import GATE, Hands, Interrupted, decide
from console.backend.host.cluster_directory import PREFIX
from console.backend.host.context import Context
from console.backend.host.settings import DatabaseSettings
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import GateReport
from console.backend.postgres.live_registration import register_live_document
from tests.backend.gates.conftest import is_red, measured, named, unpin
from tests.backend.postgres.signed_cut import event
from tests.support.passage import DOCPREFIX, UNITS, Passage

At = Callable[[str], Passage]
WRITERS = "F1 live writers"
TEXT = "F2 live text"
CONSTANTS = "F3 generality: no document's own constant"
KINDS = "F3 generality: every kind in the vocabulary"
HANDS = "R1 both passwords in one hand"
SIGNATURES = "R2 signatures, verified by gpg and by PostgreSQL"
INTERRUPTED = "R3 a run does not outlive its process"
DURABILITY = "R4 durability of an acknowledged COMMIT"
CLOCK = "R5 two clocks"
LEFTOVERS = "R6 leftovers after a kill"
NOT_HERE = (DURABILITY, LEFTOVERS)
"""The tests' cluster does without fsync, and other tests may just have been killed."""
PIN = "cutter-console policy pin --confirm DIGEST"


def _gate(passage: Passage) -> GateReport:
    return measured(GATE, passage.installation)


def _database(passage: Passage, **changes: str) -> Passage:
    return passage.settings(database=passage.installation.settings.database.model_copy(update=changes))


@pytest.mark.parametrize("stage", ["fresh", "enacted"])
def test_a_limit_that_does_not_bite_is_closed_and_says_so(at: At, stage: str) -> None:
    report = _gate(at(stage))
    for check in report.checks:
        if check.name not in NOT_HERE:
            assert check.outcome is Outcome.PASS, (check.name, check.detail)
            assert check.detail.startswith("CLOSED: ")
        assert check.evidence


def test_f1_a_superuser_who_is_connected_is_named_with_what_ends_the_session(fresh: Passage) -> None:
    with fresh.connect() as stranger:
        report = _gate(fresh)
        assert is_red(report, WRITERS, action=f"pg_terminate_backend({stranger.info.backend_pid})")
        assert "postgres (superuser)" in named(report, WRITERS).detail


def test_f1_a_role_that_was_granted_writes_is_a_live_writer_and_another_is_not(fresh: Passage) -> None:
    """The product's own roles are connected all the time, and can write nothing but through the functions."""
    with fresh.connect("cutter_exec"), fresh.connect("cutter_verify"):
        assert named(_gate(fresh), WRITERS).outcome is Outcome.PASS
        fresh.execute("GRANT UPDATE (updated_by) ON public.information_unit TO cutter_verify")
        assert is_red(_gate(fresh), WRITERS)


def _live(passage: Passage) -> None:
    passage.execute("CREATE TABLE public.texts (id int, body text)")
    passage.execute("GRANT SELECT ON public.texts TO cutter_ro")
    passage.execute("INSERT INTO public.texts VALUES (1, '# One')")
    query = "SELECT body FROM public.texts"
    _register(passage, query)


def _register(passage: Passage, query: str) -> None:
    settings = passage.installation.settings
    database, limits = settings.database, settings.limits
    register_live_document(database.monitor, database.administrator, "LIVE-LAW", "atx", query, limits.max_bytes)


def test_f2_a_live_text_that_is_one_text_is_closed(fresh: Passage) -> None:
    _live(fresh)
    assert named(_gate(fresh), TEXT).detail == "CLOSED: 1 live texts, each one text and the same twice"


def test_f2_a_live_query_that_gives_two_texts_is_open(fresh: Passage) -> None:
    _live(fresh)
    fresh.execute("INSERT INTO public.texts VALUES (2, '# Two')")
    assert is_red(_gate(fresh), TEXT, action="cutter-console document register")


def test_f2_a_live_text_that_reads_differently_each_time_is_open(fresh: Passage) -> None:
    _register(fresh, "SELECT '# ' || clock_timestamp()::text")
    assert is_red(_gate(fresh), TEXT)


def test_f2_a_live_text_that_changed_since_it_was_pinned_is_partial(fresh: Passage) -> None:
    _live(fresh)
    fresh.execute(
        "SELECT cutter_console.fn_run_create('ictr-20260101T000000Z-00000001', 'cut', 'LIVE-LAW', 'live:LIVE-LAW', 'atx', 'o', 'h', %s)",
        event("start"),
    )
    fresh.execute(
        "SELECT cutter_console.fn_source_pin('ictr-20260101T000000Z-00000001', 5, repeat('0', 64), repeat('0', 64), 'r', %s)",
        event("source_pin"),
    )
    assert is_red(_gate(fresh), TEXT, Outcome.PARTIAL)


@pytest.mark.parametrize("constant", [f"'{DOCPREFIX}/ONE'", f"'{DOCPREFIX}'", f"'x''{DOCPREFIX}/ONE'"])
def test_f3_a_function_that_names_a_document_is_open(at: At, constant: str) -> None:
    passage = at("waits for SG_1")
    passage.execute(
        "CREATE FUNCTION cutter_console.fn_special() RETURNS text LANGUAGE sql AS "
        f"$$ SELECT CASE WHEN 'x' = {constant} THEN 'special' END $$"
    )
    report = _gate(passage)
    assert is_red(report, CONSTANTS, action="cutter-console drift")
    assert f"fn_special names {DOCPREFIX}" in named(report, CONSTANTS).detail


def test_f3_a_kind_that_no_vocabulary_has_is_open(at: At) -> None:
    passage = at("waits for SG_2")
    with passage.connect() as connection:
        connection.execute("ALTER TABLE public.information_unit DISABLE TRIGGER USER")
        connection.execute("UPDATE public.information_unit SET unit_kind = 'odd' WHERE canonical_address LIKE '%BETA'")
    assert is_red(_gate(passage), KINDS, action="G5")


def test_r1_one_account_with_both_passwords_is_partial_until_a_policy_is_pinned(fresh: Passage) -> None:
    closed = named(_gate(fresh), HANDS)
    assert closed.outcome is Outcome.PASS
    assert load_policy(fresh.installation.policy).sha256 in closed.detail

    unpin(fresh)

    assert is_red(_gate(fresh), HANDS, Outcome.PARTIAL, action=PIN)


@pytest.mark.parametrize("role", ["executor", "verifier"])
def test_r1_is_closed_when_this_account_cannot_connect_as_one_of_them(fresh: Passage, role: str) -> None:
    unpin(fresh)
    conninfo = fresh.cluster.conninfo(fresh.database, "nobody_of_that_name")
    check = named(_gate(_database(fresh, **{role: conninfo})), HANDS)
    assert (check.outcome, check.detail[:8]) == (Outcome.PASS, "CLOSED: ")


def test_r2_a_recorded_signature_that_does_not_verify_is_open(at: At) -> None:
    """The status lines decide; here the recorded bytes were exchanged for another statement's signature."""
    passage = at("enacted")
    with passage.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE cutter_governance.approval a SET signatures = b.signatures FROM cutter_governance.approval b"
            " WHERE a.kind = 'SG_1' AND b.kind = 'SG_2'"
        )
    report = _gate(passage)
    assert is_red(report, SIGNATURES, action="panic")
    assert "SG_1" in named(report, SIGNATURES).detail
    assert "SG_2" not in named(report, SIGNATURES).detail


def test_r2_a_signature_recorded_under_another_key_is_open(at: At) -> None:
    passage = at("enacted")
    with passage.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER USER")
        connection.execute("UPDATE cutter_governance.approval SET signers = ARRAY[repeat('A', 40)]")
    assert is_red(_gate(passage), SIGNATURES)


def test_r2_a_missing_public_key_is_inconclusive_and_not_good(at: At, gnupg_home: Path) -> None:
    passage = at("enacted").settings(gnupg_home=str(gnupg_home))
    assert is_red(_gate(passage), SIGNATURES, Outcome.INCONCLUSIVE, action=f"gpg --homedir {gnupg_home} --import FILE")


def test_r2_a_key_that_the_database_does_not_have_is_inconclusive_and_names_the_pin(at: At) -> None:
    passage = at("enacted")
    unpin(passage)
    report = _gate(passage)
    assert is_red(report, SIGNATURES, Outcome.INCONCLUSIVE, action=PIN)
    assert "the database has not pinned the key" in named(report, SIGNATURES).detail


ENDED = {
    "key withdrawn": "SELECT cutter_console.fn_signing_key_end(fingerprint, 'retired') FROM cutter_governance.signing_key",
    "key expired": "INSERT INTO cutter_governance.signing_key_term (fingerprint, signed_at, expires)"
    " SELECT fingerprint, clock_timestamp(), clock_timestamp() FROM cutter_governance.signing_key",
}


@pytest.mark.parametrize("ended", ENDED)
def test_r2_a_key_whose_time_is_over_does_not_unmake_what_was_signed(at: At, ended: str) -> None:
    passage = at("enacted")
    passage.execute(ENDED[ended])

    facts = residuals.measure(_probe(passage))

    assert facts.signatures.value is not None
    assert len(facts.signatures.value.answers) == 2
    for answer in facts.signatures.value.answers:
        assert answer.outcome is Outcome.PASS
        assert answer.detail.endswith(f"since then: {ended}")
    assert named(_gate(passage), SIGNATURES).outcome is Outcome.PASS


def test_r2_a_signature_that_gpg_takes_and_the_database_does_not_is_open(at: At) -> None:
    passage = at("enacted")
    with passage.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.signing_key DISABLE TRIGGER USER")
        connection.execute("UPDATE cutter_governance.signing_key SET key_created = clock_timestamp()")
    report = _gate(passage)
    assert is_red(report, SIGNATURES, action="panic")
    assert "gpg takes it, the database does not: made before the key" in named(report, SIGNATURES).detail


def test_r2_counts_every_signature_of_a_used_ruling(at: At) -> None:
    assert "2 recorded signatures" in named(_gate(at("enacted")), SIGNATURES).detail
    assert "0 recorded signatures" in named(_gate(at("SG_1 imported")), SIGNATURES).detail


class _Killed(BaseException):
    """As if the process had gone."""


def test_r3_an_interrupted_run_is_open_and_named(at: At) -> None:
    passage = at("armed")

    def dies(progress: object) -> None:
        if getattr(progress, "step", "") == "cutting":
            raise _Killed

    with pytest.raises(_Killed):
        passage.resume(dies)
    report = _gate(passage)
    assert is_red(report, INTERRUPTED, action=f"cutter-console run show {passage.run_id}")


def test_r4_a_server_without_fsync_is_open_and_a_role_that_does_not_wait_too(fresh: Passage) -> None:
    places = (f"ROLE cutter_exec IN DATABASE {fresh.database}", f"DATABASE {fresh.database}")
    for place in places:
        fresh.execute(f"ALTER {place} SET synchronous_commit = off")
    report = _gate(fresh)
    assert is_red(report, DURABILITY, action="ALTER SYSTEM SET fsync = on; ")
    for said in ("fsync = off", "full_page_writes = off", *(f"synchronous_commit=off for {place}" for place in places)):
        assert said in named(report, DURABILITY).detail
    for place in places:
        repair = f"ALTER {place} RESET synchronous_commit;"
        assert repair in named(report, DURABILITY).next_action
        fresh.execute(repair)
    assert not any(place in named(_gate(fresh), DURABILITY).detail for place in places)


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [((), Outcome.PASS), (("wal_level = minimal",), Outcome.PARTIAL), (("synchronous_commit = off",), Outcome.FAIL)],
)
def test_r4_durable_settings_are_closed(fresh: Passage, settings: tuple[str, ...], outcome: Outcome) -> None:
    facts = residuals.measure(_probe(fresh))
    told = Measurement[tuple[str, ...]](evidence=facts.durability.evidence, value=settings)
    check = next(one for one in decide(facts.model_copy(update={"durability": told})) if one.name == DURABILITY)
    assert check.outcome is outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(20, Outcome.PARTIAL), (-600, Outcome.FAIL)])
def test_r5_clocks_that_differ_are_told(fresh: Passage, seconds: int, outcome: Outcome) -> None:
    real = fresh.installation.context
    skewed = Context(root=real.root, host=real.host, now=lambda: real.now() + timedelta(seconds=seconds))
    report = _gate(fresh.with_site(replace(fresh.installation, context=skewed)))
    assert is_red(report, CLOCK, outcome, action="timedatectl")


def test_r6_a_half_written_file_is_a_leftover_once_nobody_touches_it(fresh: Passage) -> None:
    half = fresh.installation.root / "backups" / ".bkp.dump.gpg.0badcafe.partial"
    half.write_bytes(b"half")
    assert half.name not in named(_gate(fresh), LEFTOVERS).detail
    long_ago = time.time() - 2 * residuals.LEFT_FOR_S
    os.utime(half, (long_ago, long_ago))
    report = _gate(fresh)
    assert is_red(report, LEFTOVERS, Outcome.PARTIAL, action=f"rm -r {half}")
    assert f"backups/{half.name}" in named(report, LEFTOVERS).detail


def test_r6_a_scratch_cluster_of_a_dead_process_is_a_leftover(
    fresh: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a temporary directory of the test's own: elsewhere another test's server would sweep it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = tmp_path / f"{PREFIX}{2**22 - 1}-1-dead"
    place.mkdir(mode=0o700)
    report = _gate(fresh)
    assert is_red(report, LEFTOVERS, Outcome.PARTIAL, action=f"rm -r {place}")
    assert str(place) in " ".join(piece.answer for piece in named(report, LEFTOVERS).evidence)


def test_a_database_that_is_down_is_inconclusive_in_all_that_asks_it(fresh: Passage) -> None:
    down = "host=/nonexistent dbname=x"
    report = _gate(fresh.settings(database=DatabaseSettings(executor=down, verifier=down, monitor=down)))
    assert report.outcome is Outcome.INCONCLUSIVE
    for name in (WRITERS, TEXT, CONSTANTS, KINDS, HANDS, SIGNATURES, INTERRUPTED, DURABILITY, CLOCK):
        check = named(report, name)
        assert (check.outcome, bool(check.next_action)) == (Outcome.INCONCLUSIVE, True), name


def test_a_monitoring_console_does_not_try_the_passwords(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation, read_only=True)
    for name in (HANDS, KINDS):
        assert is_red(report, name, Outcome.INCONCLUSIVE, action="without --read-only")


def test_a_privilege_that_is_missing_is_inconclusive(at: At) -> None:
    passage = at("enacted")
    passage.execute("REVOKE SELECT ON cutter_governance.v_approval FROM cutter_ro")
    report = _gate(passage)
    assert is_red(report, SIGNATURES, Outcome.INCONCLUSIVE)
    assert "42501" in named(report, SIGNATURES).detail


def test_deciding_is_pure(fresh: Passage) -> None:
    facts = residuals.measure(_probe(fresh))
    stuck = (Interrupted(run_id="ictr-1", state="marked"),)
    told = facts.model_copy(
        update={
            "interrupted": Measurement[tuple[Interrupted, ...]](evidence=facts.interrupted.evidence, value=stuck),
            "hands": Measurement[Hands](evidence=facts.hands.evidence, value=Hands(executor=True, verifier=False)),
        }
    )
    outcomes = {check.name: check.outcome for check in decide(told)}
    assert (outcomes[INTERRUPTED], outcomes[HANDS]) == (Outcome.FAIL, Outcome.PASS)


def test_looking_leaves_no_session_and_no_transaction_behind(at: At) -> None:
    passage = at("enacted")
    before = passage.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    _gate(passage)
    assert passage.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text") == before
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE '%%gate G8%%'",
            (passage.database,),
        ).fetchone()
    assert left == (0,)
    assert passage.counts()["public.information_unit"] == UNITS


def _probe(passage: Passage) -> Probe:
    return Probe(passage.installation, "G8", time.monotonic() + 30)
