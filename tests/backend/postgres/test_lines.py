"""The line to the server: what it uses is measured, nothing is written over a network in plain text, each refusal names its cause."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from console.backend.backup.source import exported_snapshot
from console.backend.gates.arming_checks import readiness
from console.backend.gates.baseline import GATE
from console.backend.model import line as model
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.line import Reach, line, reach_of
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.tables import RUN_TABLES
from console.backend.model.view_models import SwitchState
from console.backend.postgres.connections import connect, translate
from console.backend.postgres.lines import line_of, refused_line
from console.backend.runs.lease import LeaseHolder
from console.backend.scratch.cluster import PORT
from console.screens.overview_text import where
from tests.backend.gates.conftest import measured, named
from tests.conftest import Database
from tests.support.passage import Passage
from tests.support.tls import CERTIFICATES, NAME, TlsServer, own_address, tls_server

At = Callable[[str], Passage]
_ROLES = {"executor": "cutter_exec", "verifier": "cutter_verify", "monitor": "cutter_ro"}
_FULL = {"sslmode": "verify-full", "sslrootcert": str(CERTIFICATES / "ca.pem")}
_PLAIN = {"sslmode": "prefer"}
"""The default of libpq, at a server without TLS."""


def _socket(passage: Passage) -> Path:
    return passage.cluster.socket_dir / f".s.PGSQL.{PORT}"


def _by(passage: Passage, server: TlsServer, **changes: str) -> Passage:
    """The same installation, whose three roles go by way of this server."""
    there = {
        name: server.conninfo(passage.cluster.conninfo(passage.database, role), **changes)
        for name, role in _ROLES.items()
    }
    return passage.settings(database=passage.installation.settings.database.model_copy(update=there))


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback counts as a network, so that this test runs on a machine that has no other."""
    monkeypatch.setattr(model, "reach_of", lambda address: Reach.NETWORK if address else Reach.SOCKET)


@pytest.fixture
def fresh_by(at: At) -> Iterator[Callable[..., Passage]]:
    """A fresh installation by way of a TLS server."""
    passage = at("fresh")
    with tls_server(_socket(passage)) as server:
        yield lambda **changes: _by(passage, server, **changes)


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("", Reach.SOCKET),
        ("/run/postgresql", Reach.SOCKET),
        ("@abstract", Reach.SOCKET),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.8.9.1", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("192.168.1.7", Reach.NETWORK),
        ("::ffff:192.168.1.7", Reach.NETWORK),
        ("fe80::1%eth0", Reach.NETWORK),
        ("0.0.0.0", Reach.NETWORK),
        ("localhost", Reach.NETWORK),
    ],
)
def test_how_far_a_line_leads_is_read_from_the_address_that_answered(address: str, reach: Reach) -> None:
    assert reach_of(address) is reach


@pytest.mark.parametrize(
    ("address", "uses_tls", "sslmode", "gss", "outcome"),
    [
        ("", False, "prefer", "prefer", Outcome.PASS),
        ("127.0.0.1", False, "disable", "disable", Outcome.PASS),
        ("192.0.2.7", False, "prefer", "prefer", Outcome.FAIL),
        ("192.0.2.7", True, "prefer", "prefer", Outcome.PARTIAL),
        ("192.0.2.7", True, "require", "prefer", Outcome.PARTIAL),
        ("192.0.2.7", True, "verify-ca", "prefer", Outcome.PARTIAL),
        ("192.0.2.7", True, "verify-full", "prefer", Outcome.PASS),
        ("192.0.2.7", False, "prefer", "require", Outcome.PASS),
    ],
)
def test_a_line_is_judged(address: str, uses_tls: bool, sslmode: str, gss: str, outcome: Outcome) -> None:
    judged = line("db", address, uses_tls=uses_tls, sslmode=sslmode, gssencmode=gss)
    assert (judged.outcome, bool(judged.next_action)) == (outcome, outcome is not Outcome.PASS), judged.sentence


def test_what_a_line_uses_and_what_was_demanded_is_shown(far: None, fresh_by: Callable[..., Passage]) -> None:
    passage = fresh_by(**_FULL)
    status = passage.backend.status()
    assert status.line is not None
    assert (status.line.encrypted_by, status.line.sslmode, status.line.outcome) == ("TLS", "verify-full", Outcome.PASS)
    assert f"line      {status.line.sentence}" in [
        "".join(span.text for span in row) for row in where(status, read_only=False)
    ]
    assert (
        status.line.sentence == f"{NAME} at 127.0.0.1, TLS, sslmode verify-full: certificate and host name are checked"
    )


@pytest.mark.parametrize("sslmode", ["prefer", "require"])
def test_a_certificate_that_nobody_checks_is_a_note(far: None, fresh_by: Callable[..., Passage], sslmode: str) -> None:
    passage = fresh_by(sslmode=sslmode, sslrootcert="/nonexistent")
    check = named(measured(GATE, passage.installation), "connections")
    assert check.outcome is Outcome.PARTIAL
    assert "nobody checks whose certificate it is" in check.detail
    assert "sslmode=verify-full" in check.next_action


def test_nothing_is_written_over_a_network_in_plain_text(far: None, at: At) -> None:
    """What reads goes on, and says so; what stops takes any line."""
    passage = at("SG_1 imported")
    with tls_server(_socket(passage), "") as server:
        there = _by(passage, server, **_PLAIN)
        status = there.backend.status()
        assert status.line is not None
        assert (status.line.encrypted_by, status.line.outcome) == ("", Outcome.FAIL)
        refused = named(readiness(there.installation, there.run_id), "PRE-2 authority to arm")
        assert refused.outcome is Outcome.FAIL
        assert "in plain text" in refused.detail
        with pytest.raises(CutterError, match="PRE-2"):
            there.arm()
        with (
            pytest.raises(Refused, match=r"nothing is written over this line: .*in plain text") as stopped,
            connect(there.installation.settings.database.executor, purpose="test"),
        ):
            pytest.fail("a session that may write was handed out")
        assert (stopped.value.code, "ssl = on" in stopped.value.next_action) == (StopCode.IDENTITY_MISMATCH, True)
        seen = there.backend.panic("stop, whatever the line")
        assert (seen.state, seen.incomplete) == (SwitchState.HOLD, "")


def test_no_lease_is_taken_over_a_network_in_plain_text(far: None, at: At) -> None:
    """Armed over a safe line, a run cannot go on over another."""
    passage = at("SG_1 imported")
    with tls_server(_socket(passage), "") as server:
        passage.arm()
        there = _by(passage, server, **_PLAIN)
        with LeaseHolder(there.installation, there.run_id) as holder:
            with pytest.raises(Refused, match="nothing is written over this line"):
                holder.take(Purpose.CUT)
            assert holder.pid is None
        with pytest.raises(Refused, match="nothing is written over this line"):
            there.resume()
    assert passage.lifecycles() == []


def test_nothing_is_backed_up_over_a_network_in_plain_text(far: None, at: At) -> None:
    """What a proof of a backup says would be the word of whoever is on the line."""
    passage = at("fresh")
    with tls_server(_socket(passage), "") as server:
        there = _by(passage, server, **_PLAIN).installation.settings.database.verifier
        with (
            pytest.raises(Refused, match=r"nothing is backed up over this line: .*in plain text") as refused,
            exported_snapshot(there, RUN_TABLES, 5),
        ):
            pytest.fail("a snapshot was handed out")
    assert refused.value.code is StopCode.IDENTITY_MISMATCH


@pytest.mark.parametrize(
    ("sslmode", "of_dump"), [("prefer", "require"), ("require", "require"), ("verify-full", "verify-full")]
)
def test_the_dump_beside_a_session_by_tls_goes_by_tls(at: At, sslmode: str, of_dump: str) -> None:
    """The second line of the same connection string may be offered no TLS."""
    passage = at("fresh")
    with tls_server(_socket(passage)) as server:
        changes = {**_FULL, "sslmode": sslmode} if sslmode == "verify-full" else {"sslmode": sslmode}
        there = _by(passage, server, **changes).installation.settings.database.verifier
        with exported_snapshot(there, RUN_TABLES, 5) as snapshot:
            assert conninfo_to_dict(snapshot.conninfo) == {**conninfo_to_dict(there), "sslmode": of_dump}


def test_the_address_of_a_network_is_told_from_loopback(at: At) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    passage = at("fresh")
    with tls_server(_socket(passage), "", address=address) as server:
        there = _by(passage, server, **_PLAIN)
        with connect(there.installation.settings.database.monitor, read_only=True) as connection:
            assert line_of(connection).outcome is Outcome.FAIL
        with (
            pytest.raises(Refused, match=f"{address}, in plain text"),
            connect(there.installation.settings.database.executor),
        ):
            pytest.fail("a session that may write was handed out")


@pytest.mark.parametrize(
    ("certificate", "changes", "said", "action"),
    [
        ("expired.pem", _FULL, "certificate, or its CA's, has expired", "renewed on the server"),
        (
            "server.pem",
            {**_FULL, "sslrootcert": str(CERTIFICATES / "other_ca.pem")},
            "was not issued by the CA that the service names",
            "sslrootcert=FILE",
        ),
        ("server.pem", {**_FULL, "host": "other.example.test"}, "is for another host name", r"host="),
        ("", _FULL, "the server has no TLS, which the service demands", "ssl_cert_file"),
        ("server.pem", {**_FULL, "sslrootcert": "/nonexistent/ca.pem"}, "CA cannot be read", "sslrootcert=FILE"),
    ],
)
def test_a_line_that_is_refused_names_its_cause_and_the_next_action(
    at: At, certificate: str, changes: dict[str, str], said: str, action: str
) -> None:
    passage = at("fresh")
    with tls_server(_socket(passage), certificate) as server:
        there = _by(passage, server, **changes)
        with (
            pytest.raises(Unmeasured, match=said) as refused,
            connect(there.installation.settings.database.monitor, read_only=True),
        ):
            pytest.fail("a session was handed out")
        assert (refused.value.code, action in refused.value.next_action) == (StopCode.UNREACHABLE, True)
        assert said in there.backend.status().unreachable


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("read-write", "a server that takes writes"),
        ("standby", "a server that only reads"),
        ("primary", None),
        ("any", None),
    ],
)
def test_a_kind_of_server_that_no_host_of_the_service_is_says_so(
    database: Database, wanted: str, said: str | None
) -> None:
    """A primary on which the role begins READ ONLY was told as one that does not run, with a password to look for."""
    with database.connect() as administrator:
        administrator.execute(
            f"ALTER ROLE cutter_exec IN DATABASE {database.name} SET default_transaction_read_only = on".encode()
        )
    conninfo = make_conninfo(database.conninfo("cutter_exec"), target_session_attrs=wanted)
    if said is None:
        with connect(conninfo) as session:
            session.execute("SELECT 1")
        return
    with pytest.raises(Unmeasured, match=said) as refused, connect(conninfo):
        pytest.fail("a session was handed out")
    assert "target_session_attrs=pr" in refused.value.next_action


@pytest.mark.parametrize(
    "words",
    [
        'FATAL:  too many connections for role "cutter_verify"',
        "FATAL:  zu viele Verbindungen von Rolle »cutter_verify«",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ],
)
def test_a_server_that_refuses_a_login_for_its_limit_is_not_told_as_one_that_does_not_run(words: str) -> None:
    head = 'connection failed: connection to server at "127.0.0.1", port'
    dead = (
        f"{head} 1 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n"
    )
    for said in (f"{head} 2 failed: {words}", f"{dead}{head} 2 failed: {words}"):
        error = translate(psycopg.OperationalError(said))
        assert (error.code, "CONNECTION LIMIT" in error.next_action) == (StopCode.UNREACHABLE, True)
    for other in (dead, f"{head} 2 failed: FATAL:  password authentication failed for user"):
        assert "Check that the server runs" in translate(psycopg.OperationalError(other)).next_action


def test_any_other_error_of_a_connection_is_no_question_of_its_line() -> None:
    assert refused_line(psycopg.OperationalError("connection refused")) is None
