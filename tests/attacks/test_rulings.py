"""Statements and signatures: what is not signed by the sovereign, for this run, here and now, is not taken."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from console.backend.postgres import ledger
from tests.attacks.edits import start_edit
from tests.attacks.world import (
    EXECUTOR,
    MONITOR,
    PURPOSES,
    ROLES,
    STOPPER,
    STRANGER,
    VERIFIER,
    Prey,
    attack,
    call,
    refused,
    session,
)
from tests.backend.postgres.signed_cut import SignedCut, start_cut, stopped
from tests.conftest import Database
from tests.support.sovereign import sovereign, usurper


def bring_in(run: SignedCut, statement: bytes, *signatures: bytes) -> None:
    """Import as the verifying role."""
    with run.verifier() as connection:
        ledger.import_approval(connection, statement, signatures)


def at(seconds: float) -> str:
    """A time relative to now, as a statement writes it."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


HOUR, DAY = 3600, 86400
FALSE: dict[str, tuple[Callable[[SignedCut], dict[str, object]], str]] = {
    "another plan": (lambda _: {"plan_digest": "f" * 64}, "STOP_APPROVAL_INVALID"),
    "another source": (lambda _: {"source_sha256": "f" * 64}, "STOP_APPROVAL_INVALID"),
    "another text": (lambda _: {"canonical_sha256": "f" * 64}, "STOP_APPROVAL_INVALID"),
    "another baseline": (lambda _: {"baseline_digest": "f" * 64}, "STOP_APPROVAL_INVALID"),
    "another document": (lambda _: {"document": {"docprefix": "OTHER", "origin": "x"}}, "STOP_APPROVAL_INVALID"),
    "another number of units": (lambda _: {"n_units": 2}, "STOP_APPROVAL_INVALID"),
    "a number as a fraction": (lambda _: {"n_units": 3.5}, "STOP_APPROVAL_INVALID"),
    "a number beyond 32 bits": (lambda _: {"n_units": 1 << 40}, "STOP_APPROVAL_INVALID"),
    "a run that is not there": (lambda _: {"run_id": "ictr-20260101T000000Z-ffffffff"}, "STOP_APPROVAL_INVALID"),
    "a run that is a list": (lambda run: {"run_id": [run.run_id]}, "STOP_APPROVAL_INVALID"),
    "no run": (lambda _: {"run_id": None}, "STOP_APPROVAL_INVALID"),
    "another policy": (lambda _: {"policy_sha256": "f" * 64}, "STOP_APPROVAL_INVALID"),
    "no policy": (lambda _: {"policy_sha256": None}, "STOP_APPROVAL_INVALID"),
    "another schema": (lambda _: {"schema": "cutter-console/statement/1"}, "STOP_APPROVAL_INVALID"),
    "no allowance": (lambda _: {"allowance": None}, "STOP_APPROVAL_INVALID"),
    "an implicit allowance": (lambda _: {"allowance": "implicit"}, "STOP_APPROVAL_INVALID"),
    "a placeholder": (lambda _: {"nonce": "kb:approval-sovereign-prod-write-1"}, "STOP_APPROVAL_INVALID"),
    "a placeholder in capitals": (lambda _: {"nonce": "KB:APPROVAL-U-W4B-GRANT-1"}, "STOP_APPROVAL_INVALID"),
    "SG_2 to cut": (lambda _: {"kind": "SG_2"}, "STOP_APPROVAL_INVALID"),
    "SG_1 to enact": (lambda _: {"purpose": "enact"}, "STOP_APPROVAL_INVALID"),
    "SG_1 to supersede": (lambda _: {"purpose": "supersede"}, "STOP_APPROVAL_INVALID"),
    "SG_3": (lambda _: {"kind": "SG_3"}, "STOP_APPROVAL_INVALID"),
    "no kind": (lambda _: {"kind": None}, "STOP_APPROVAL_INVALID"),
    "to edit a run that cuts": (lambda _: {"purpose": "edit"}, "STOP_APPROVAL_INVALID"),
    "no manifest": (lambda _: {"manifest_digest": None}, "STOP_APPROVAL_INVALID"),
    "drafts beside the manifest": (lambda _: {"draft_digest": "f" * 64}, "STOP_APPROVAL_INVALID"),
    "a review decision for SG_1": (
        lambda _: {"review_decision_id": "00000000-0000-0000-0000-000000000001"},
        "STOP_APPROVAL_INVALID",
    ),
    "expired": (lambda _: {"not_before": at(-2 * HOUR), "expires": at(-1)}, "STOP_APPROVAL_INVALID"),
    "not yet valid": (lambda _: {"not_before": at(300)}, "STOP_APPROVAL_INVALID"),
    "valid for longer than a day": (lambda _: {"expires": at(DAY + 60)}, "STOP_APPROVAL_INVALID"),
    "ending before it begins": (lambda _: {"not_before": at(60), "expires": at(30)}, "STOP_APPROVAL_INVALID"),
    "valid for no time": (lambda _: {"not_before": at(60), "expires": at(60)}, "STOP_APPROVAL_INVALID"),
    "a time in another zone": (lambda _: {"expires": "2099-01-01T00:00:00+00:00"}, "STOP_APPROVAL_INVALID"),
    "a time of another calendar": (lambda _: {"expires": "01.02.2099"}, "STOP_APPROVAL_INVALID"),
    "infinity": (lambda _: {"expires": "infinity"}, "STOP_APPROVAL_INVALID"),
    "the 30th of February": (lambda _: {"expires": "2099-02-30T00:00:00Z"}, "STOP_APPROVAL_INVALID"),
    "no times": (lambda _: {"not_before": None, "expires": None}, "STOP_APPROVAL_INVALID"),
    "another database": (lambda run: {"target": target(run) | {"database": "elsewhere"}}, "STOP_IDENTITY_MISMATCH"),
    "another cluster": (lambda run: {"target": target(run) | {"system_identifier": "1"}}, "STOP_IDENTITY_MISMATCH"),
    "another timeline": (lambda run: {"target": target(run) | {"timeline": 99}}, "STOP_IDENTITY_MISMATCH"),
    "a timeline that is no number": (lambda run: {"target": target(run) | {"timeline": "x"}}, "STOP_APPROVAL_INVALID"),
    "no target": (lambda _: {"target": None}, "STOP_IDENTITY_MISMATCH"),
}


def target(run: SignedCut) -> dict[str, object]:
    """The server that the plan was made for."""
    assert run.plan.world is not None
    return dict(run.plan.world.target.model_dump(mode="json"))


@pytest.mark.parametrize("how", FALSE)
def test_a_signed_statement_that_is_not_of_this_run_here_and_now_is_not_imported(waiting: SignedCut, how: str) -> None:
    changes, code = FALSE[how]
    with refused(waiting.database, code):
        waiting.rule(changes=changes(waiting))


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "spaces": lambda s: s.replace(b",", b", ", 1),
    "a line feed at the end": lambda s: s + b"\n",
    "keys in another order": lambda s: json.dumps(
        dict(reversed(json.loads(s).items())), separators=(",", ":")
    ).encode(),
    "a key twice": lambda s: b'{"allowance":"explicit",' + s[1:],
    "an escaped letter": lambda s: s.replace(b'"explicit"', b'"\\u0065xplicit"'),
    "a fraction of 0": lambda s: s.replace(b'"n_units":3', b'"n_units":3.0'),
    "an exponent": lambda s: s.replace(b'"n_units":3', b'"n_units":3e0'),
    "a byte order mark": lambda s: b"\xef\xbb\xbf" + s,
    "a NUL at the end": lambda s: s + b"\x00",
    "an escaped NUL": lambda s: s.replace(b'"explicit"', b'"explicit\\u0000"'),
    "a list": lambda s: b"[" + s + b"]",
    "a string": lambda s: json.dumps(s.decode()).encode(),
    "null": lambda _: b"null",
    "a number": lambda _: b"3",
    "an empty object": lambda _: b"{}",
    "an empty list": lambda _: b"[]",
    "nothing": lambda _: b"",
    "one byte": lambda _: b"{",
    "bytes that are no UTF-8": lambda s: s.replace(b"explicit", b"expl\xffcit"),
    "more than 64 KiB": lambda s: s[:-1] + b',"zzz":"' + b"x" * 65536 + b'"}',
    "nested without end": lambda _: b"[" * 30000 + b"]" * 30000,
    "cut off": lambda s: s[: len(s) // 2],
}


@pytest.mark.parametrize("how", FORMS)
def test_bytes_in_another_form_than_the_canonical_one_are_no_statement_although_they_are_signed(
    waiting: SignedCut, how: str
) -> None:
    statement = FORMS[how](waiting.statement())
    with refused(waiting.database, "STOP_APPROVAL_INVALID", "54001"), session(waiting.database, VERIFIER) as connection:
        call(connection, "fn_approval_import", statement, [sovereign().sign(statement)])


@pytest.mark.parametrize("part", range(16))
def test_a_statement_with_one_bit_changed_is_not_the_one_that_was_signed(waiting: SignedCut, part: int) -> None:
    statement = waiting.statement()
    signature = sovereign().sign(statement)
    chance, target_at = random.Random(part), statement.index(b'"target"')
    with attack(waiting.database), session(waiting.database, VERIFIER) as connection:
        for _ in range(10):
            place, bit = chance.randrange(len(statement)), chance.randrange(8)
            other = statement[:place] + bytes([statement[place] ^ 1 << bit]) + statement[place + 1 :]
            with stopped("STOP_APPROVAL_INVALID", *(["STOP_IDENTITY_MISMATCH"] if place > target_at else [])):
                call(connection, "fn_approval_import", other, [signature])


@pytest.mark.parametrize("part", range(4))
def test_a_signature_with_one_bit_changed_is_none(waiting: SignedCut, part: int) -> None:
    """Beside what is not signed at all (the unhashed area, the bit counts of the integers) every bit counts."""
    statement = waiting.statement()
    signature = sovereign().sign(statement)
    chance, loose = random.Random(part), _loose(signature)
    with attack(waiting.database), session(waiting.database, VERIFIER) as connection:
        for _ in range(12):
            place = chance.choice([i for i in range(len(signature)) if i not in loose])
            other = signature[:place] + bytes([signature[place] ^ 1 << chance.randrange(8)]) + signature[place + 1 :]
            with stopped("STOP_APPROVAL_INVALID"):
                call(connection, "fn_approval_import", statement, [other])


def _loose(signature: bytes) -> set[int]:
    """The places in gpg's one packet that no signature covers: the unhashed area, and how many bits each integer has."""
    old = signature[0] & 64 == 0
    body = {0: 2, 1: 3, 2: 5}[signature[0] & 3] if old else 2
    unhashed = body + 6 + int.from_bytes(signature[body + 4 : body + 6], "big")
    integer = unhashed + 2 + int.from_bytes(signature[unhashed : unhashed + 2], "big") + 2
    loose = set(range(unhashed, integer - 2))
    while integer < len(signature):
        loose |= {integer, integer + 1}
        integer += 2 + (int.from_bytes(signature[integer : integer + 2], "big") + 7) // 8
    return loose


def _signatures(run: SignedCut, statement: bytes) -> dict[str, list[object]]:
    good = sovereign().sign(statement)
    return {
        "none": [],
        "NULL": [None],
        "empty": [b""],
        "a good one and NULL": [good, None],
        "a good one and an empty one": [good, b""],
        "a good one twice": [good, good],
        "two by one key": [good, sovereign().sign(statement)],
        "a good one and a stranger's": [good, usurper().sign(statement)],
        "a stranger's": [usurper().sign(statement)],
        "two in one": [good + good],
        "of another statement": [sovereign().sign(run.statement())],
        "of nothing": [sovereign().sign(b"")],
        "over SHA-1": [sovereign().gpg("--digest-algo", "SHA1", "--detach-sign", data=statement)],
        "of text": [sovereign().gpg("--textmode", "--digest-algo", "SHA256", "--detach-sign", data=statement)],
        "not detached": [sovereign().gpg("--digest-algo", "SHA256", "--sign", data=statement)],
        "in clear": [sovereign().gpg("--digest-algo", "SHA256", "--clear-sign", data=statement)],
        "the statement itself": [statement],
        "the signer's key": [sovereign().export()],
        "64 KiB of zeros": [b"\x00" * 65536],
        "16 MiB of packets": [b"\x88" * (1 << 24)],
        "65 of them": [good] * 65,
        "nested arrays": [[good], [good]],
        "one nested array": [[good]],
    }


HOW_SIGNED = (
    "none",
    "NULL",
    "empty",
    "a good one and NULL",
    "a good one and an empty one",
    "a good one twice",
    "two by one key",
    "a good one and a stranger's",
    "a stranger's",
    "two in one",
    "of another statement",
    "of nothing",
    "over SHA-1",
    "of text",
    "not detached",
    "in clear",
    "the statement itself",
    "the signer's key",
    "64 KiB of zeros",
    "16 MiB of packets",
    "65 of them",
    "nested arrays",
    "one nested array",
)


@pytest.mark.parametrize("how", HOW_SIGNED)
def test_a_true_statement_without_exactly_good_signatures_is_not_imported(waiting: SignedCut, how: str) -> None:
    statement = waiting.statement()
    signatures = _signatures(waiting, statement)[how]
    codes = ("STOP_APPROVAL_REQUIRED", "STOP_APPROVAL_INVALID", "22000", "2202E")
    with refused(waiting.database, *codes), session(waiting.database, VERIFIER) as connection:
        connection.execute("SELECT cutter_console.fn_approval_import(%b, %b::bytea[])", (statement, signatures))


@pytest.mark.parametrize("bounds", ["[0:0]={%s}", "[2:2]={%s}", "[0:1]={%s,%s}", "[-1:-1]={%s}", "[1:1][1:1]={{%s}}"])
def test_an_array_of_signatures_that_begins_elsewhere_is_refused(waiting: SignedCut, bounds: str) -> None:
    statement = waiting.statement()
    one = '"\\\\x' + sovereign().sign(statement).hex() + '"'
    array = bounds % ((one,) * bounds.count("%s"))
    with refused(waiting.database, "STOP_APPROVAL_INVALID"), session(waiting.database, VERIFIER) as connection:
        connection.execute("SELECT cutter_console.fn_approval_import(%b, %s::bytea[])", (statement, array))


@pytest.mark.parametrize("hours", [1, 48], ids=["in the future", "after the statement has ended"])
def test_a_signature_of_another_time_is_refused(waiting: SignedCut, hours: int) -> None:
    statement = waiting.statement()
    later = f"{datetime.now(UTC) + timedelta(hours=hours):%Y%m%dT%H%M%S}!"
    signature = sovereign().gpg(
        "--faked-system-time", later, "--digest-algo", "SHA256", "--detach-sign", data=statement
    )
    with refused(waiting.database, "STOP_APPROVAL_INVALID"):
        bring_in(waiting, statement, signature)


def test_a_ruling_that_has_expired_since_it_was_imported_arms_nothing(waiting: SignedCut) -> None:
    for seconds in (2, 20):
        end = at(seconds)
        try:
            waiting.rule(changes={"expires": end})
        except psycopg.Error as error:
            # On a busy machine the shorter one may be over before it is imported.
            if error.diag.message_detail != "STOP_APPROVAL_INVALID" or "it is valid from" not in str(error):
                raise
        else:
            break
    else:
        pytest.fail("no ruling was imported before it had expired")
    with waiting.database.connect() as connection:
        connection.execute("SELECT pg_sleep_until(%s::timestamptz + interval '10 milliseconds')", (end,))
        assert connection.execute("SELECT clock_timestamp() > %s::timestamptz", (end,)).fetchone() == (True,)
    with (
        refused(waiting.database, "STOP_APPROVAL_INVALID"),
        session(waiting.database, EXECUTOR) as connection,
    ):
        ledger.arm(connection, waiting.run_id, "cut", "o", "h", 5)


def test_a_ruling_of_one_run_serves_no_other(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    other.backup()
    codes = dict.fromkeys(PURPOSES, "STOP_EXECUTION_DISABLED") | {"cut": "STOP_APPROVAL_REQUIRED"}
    for purpose, code in codes.items():
        with refused(database, code), session(database, EXECUTOR) as connection:
            ledger.arm(connection, other.run_id, purpose, "o", "h", 5)


def test_a_statement_of_one_run_with_the_name_of_another_is_refused(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    statement = one.statement(changes={"run_id": other.run_id})
    with refused(database, "STOP_APPROVAL_INVALID"):
        bring_in(one, statement, sovereign().sign(statement))


def test_a_statement_of_another_database_of_the_same_cluster_is_refused(database: Database, waiting: SignedCut) -> None:
    here = start_cut(database)
    statement = waiting.statement()
    with refused(database, "STOP_APPROVAL_INVALID", "STOP_IDENTITY_MISMATCH"):
        bring_in(here, statement, sovereign().sign(statement))


ROLES_OF_NO_IMPORT = (EXECUTOR, MONITOR, STOPPER, STRANGER)


@pytest.mark.parametrize("role", ROLES_OF_NO_IMPORT)
def test_only_the_verifying_role_imports(waiting: SignedCut, role: str) -> None:
    statement = waiting.statement()
    with refused(waiting.database, "42501"), session(waiting.database, role) as connection:
        call(connection, "fn_approval_import", statement, [sovereign().sign(statement)])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT cutter_console.fn_policy_pin('{}', ARRAY['\\x'::bytea])",
        "SELECT * FROM cutter_console.fn_signing_key_pin('\\x', repeat('F', 40))",
        "SELECT cutter_console.fn_signing_key_end(repeat('F', 40), 'x')",
        "INSERT INTO cutter_governance.policy_pin (policy_sha256, policy) VALUES (encode(sha256('{}'), 'hex'), '{}')",
        "INSERT INTO cutter_governance.signing_key SELECT * FROM cutter_governance.signing_key",
        "INSERT INTO cutter_governance.signing_key_term SELECT * FROM cutter_governance.signing_key_term",
        "DELETE FROM cutter_governance.signing_key_end",
        "SELECT cutter_console.fn_signers('\\x', NULL, 'x', 'SG_1', now(), now())",
        "SELECT cutter_console.fn_ruling('x', 'cut')",
        "SELECT cutter_console.fn_authorise('x', 'cut')",
    ],
)
def test_nobody_makes_themselves_a_signer(prey: Prey, role: str, statement: str) -> None:
    with refused(prey.database, "42501"), prey.session(role) as connection:
        connection.execute(statement.encode())


def test_a_key_that_was_withdrawn_after_the_import_cuts_nothing(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.database.connect() as connection:
        call(connection, "fn_signing_key_end", sovereign().fingerprint, "lost")
    with refused(cut.database, "STOP_APPROVAL_INVALID"), cut.executor() as connection:
        cut.apply(connection)


def test_a_policy_that_was_pinned_after_the_import_ends_the_ruling(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.database.connect() as connection:
        usurper().pin(connection)
    with refused(cut.database, "STOP_POLICY_UNSATISFIABLE"), cut.executor() as connection:
        cut.apply(connection)


@pytest.mark.parametrize("isolation", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE])
def test_an_import_that_still_sees_the_policy_of_before_authorises_nothing(
    cut: SignedCut, isolation: psycopg.IsolationLevel
) -> None:
    """An old snapshot lets a ruling under yesterday's policy in; the write, which may have none, refuses it."""
    statement = cut.statement()
    with cut.database.connect(VERIFIER, autocommit=False) as connection:
        connection.isolation_level = isolation
        connection.execute("SELECT count(*) FROM cutter_governance.policy_pin")
        with cut.database.connect() as administrator:
            usurper().pin(administrator)
        ledger.import_approval(connection, statement, (sovereign().sign(statement),))
        connection.commit()
    with refused(cut.database, "STOP_POLICY_UNSATISFIABLE"), session(cut.database, EXECUTOR) as connection:
        ledger.arm(connection, cut.run_id, "cut", "o", "h", 5)


SECOND: dict[str, dict[str, object]] = {
    "another digest of the drafts": {"draft_digest": "f" * 64},
    "no digest of the drafts": {"draft_digest": None},
    "another list of units": {
        "drafts": {"count": 3, "units": [{"address": "ACME-LAW/ONE", "title": "One", "body_sha256": "0" * 64}]}
    },
    "a list of null": {"drafts": {"count": 3, "units": None}},
    "no drafts": {"drafts": None},
    "a file that is not of the drafts": {"drafts": {"count": 3, "file": "x", "file_sha256": "f" * 64}},
    "another number of units": {"n_units": 2},
    "another count": {"drafts": {"count": 2}},
    "another SG_1": {"sg1_sha256": "f" * 64},
    "no SG_1": {"sg1_sha256": None},
    "no review decision": {"review_decision_id": None},
    "a review decision that is no id": {"review_decision_id": "x"},
    "a manifest beside the drafts": {"manifest_digest": "f" * 64},
    "SG_1 to enact": {"kind": "SG_1"},
    "to cut again": {"kind": "SG_1", "purpose": "cut"},
    "to revert as SG_2": {"purpose": "revert"},
}


@pytest.mark.parametrize("how", SECOND)
def test_a_signed_second_ruling_that_is_not_exactly_of_the_drafts_is_refused(prey: Prey, how: str) -> None:
    with refused(prey.database, "STOP_APPROVAL_INVALID", "STOP_DRIFT", "STOP_APPROVAL_USED"):
        prey.drafts.rule("enact", SECOND[how])


def test_a_signed_second_ruling_is_valid_for_no_longer_than_12_hours(prey: Prey) -> None:
    with refused(prey.database, "STOP_APPROVAL_INVALID"):
        prey.drafts.rule("enact", {"expires": at(13 * HOUR)})


def test_the_decision_that_allowed_the_cut_does_not_enact(prey: Prey) -> None:
    """The decision of the cut was reused for the enactment."""
    with prey.database.connect() as connection:
        row = connection.execute(
            "SELECT id::text FROM cutter_governance.review_decision WHERE verdict = 'cut' LIMIT 1"
        ).fetchone()
    assert row is not None
    with refused(prey.database, "STOP_APPROVAL_USED"):
        prey.drafts.rule("enact", {"review_decision_id": row[0]})


def test_the_signature_of_the_first_ruling_does_not_sign_the_second(prey: Prey) -> None:
    with prey.database.connect() as connection:
        row = connection.execute(
            "SELECT signatures[1] FROM cutter_governance.approval WHERE run_id = %s AND kind = 'SG_1'",
            (prey.drafts.run_id,),
        ).fetchone()
    assert row is not None
    with refused(prey.database, "STOP_APPROVAL_INVALID"):
        bring_in(prey.drafts, prey.drafts.statement("enact"), bytes(row[0]))


def test_a_second_ruling_comes_only_when_there_are_verified_drafts(database: Database) -> None:
    run = start_cut(database)
    with refused(database, "STOP_APPROVAL_INVALID"):
        run.rule("enact")
    for step in (run.cut, run.record):
        step()
        with refused(database, "STOP_DRIFT"):
            run.rule("enact")


def test_a_ruling_to_edit_is_of_the_run_that_edits(database: Database) -> None:
    drafts = start_cut(database, "ACME-DRAFT", number=2)
    drafts.to_second_pause()
    edit = start_edit(drafts, 3)
    with refused(database, "STOP_APPROVAL_INVALID"):
        edit.rule("cut")
    with refused(database, "STOP_APPROVAL_INVALID"):
        drafts.rule("edit")


def test_a_signed_revert_takes_back_exactly_the_drafts_that_it_names(database: Database) -> None:
    drafts = start_cut(database)
    drafts.to_second_pause()
    drafts.rule("revert")
    edit = start_edit(drafts, 3).ready()
    with edit.executor() as connection:
        edit.apply(connection)
    edit.disarm()
    drafts.arm("revert")
    with refused(database, "STOP_DRIFT"), drafts.executor() as connection:
        drafts.revert(connection)


def test_a_statement_that_says_more_than_the_database_reads_changes_nothing_of_what_it_reads(cut: SignedCut) -> None:
    """Unknown fields are signed with the rest and have no effect; the known ones stand as they are."""
    cut.rule(changes={"zzz": {"purpose": "enact", "n_units": 99}, "a": None, "purposes": ["enact"]})
    with cut.database.connect() as connection:
        row = connection.execute("SELECT purpose, n_units, kind FROM cutter_governance.approval").fetchone()
    assert row == ("cut", 3, "SG_1")
    with stopped("STOP_EXECUTION_DISABLED"):
        cut.arm("enact")


def test_the_refusals_were_about_the_changes(waiting: SignedCut) -> None:
    """The unchanged statement of the same run is taken, armed and cut, and then rolled back."""
    waiting.rule()
    with session(waiting.database, EXECUTOR, autocommit=False) as connection:
        ledger.arm(connection, waiting.run_id, "cut", "o", "h", 5)
        waiting.apply(connection)
        connection.rollback()
