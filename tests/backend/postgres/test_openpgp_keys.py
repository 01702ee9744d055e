"""Which keys the database takes for signing keys, how long they count, and who may pin or withdraw one."""

import time
from collections.abc import Callable, Iterator
from random import Random

import psycopg
import pytest

from console.backend.postgres.connections import scalar
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.openpgp_cases import World
from tests.backend.postgres.openpgp_differential import ask, pinned
from tests.backend.postgres.openpgp_tools import (
    BASE,
    SMALL_ORDER,
    Home,
    Key,
    add,
    armour,
    bound,
    ed25519_key,
    encode_point,
    mpi,
    multiply,
    packet,
    packets,
    rsa_key,
    self_signed,
    sign,
    subpacket,
    time_subpacket,
)
from tests.conftest import Database, fresh_database

NOW = int(time.time())


def test_every_key_that_may_sign_is_pinned_once(connection: psycopg.Connection, world: World) -> None:
    fingerprint, export = world.exports[0]
    usable = {key.fingerprint for key in world.keys} & {
        Key(body).fingerprint for tag, body in packets(export) if tag in (6, 14)
    }
    first = dict(pinned(connection, export, fingerprint))
    assert {name for name, verdict in first.items() if verdict == "pinned"} == usable
    assert sorted(first.values()) == ["not a signing key", "pinned", "pinned", "pinned"]
    again = dict(pinned(connection, export, " ".join(fingerprint[i : i + 4] for i in range(0, 40, 4)).lower()))
    assert {name for name, verdict in again.items() if verdict == "present"} == usable
    rows = connection.execute(
        "SELECT fingerprint, primary_fingerprint, pinned_by FROM cutter_governance.signing_key"
    ).fetchall()
    assert {row[0] for row in rows} == usable
    assert {row[1:] for row in rows} == {(fingerprint, "postgres")}


def _hand(created: int = NOW - 1000) -> tuple[Key, Key]:
    return ed25519_key(b"p" * 32, created), ed25519_key(b"s" * 32, created + 10)


def _refusals() -> dict[str, tuple[bytes, dict[str, str]]]:
    primary, subkey = _hand()
    mine, sub = primary.fingerprint, subkey.fingerprint
    other = ed25519_key(b"x" * 32, NOW - 1000)
    block = self_signed(primary)
    head = packet(6, primary.packet)
    user = b"Made by hand <hand@example.org>"
    about_user = primary.hashed + b"\xb4" + len(user).to_bytes(4, "big") + user

    def by(kind: int, about: bytes, more: bytes = b"", signer: Key = primary, at: int = NOW - 5) -> bytes:
        return packet(2, sign(signer, about, time_subpacket(2, at) + signer.issuer() + more, kind=kind).body())

    second = b"Made by hand too"
    about_second = primary.hashed + b"\xb4" + len(second).to_bytes(4, "big") + second
    picture = b"\x05\x01abcd"
    about_picture = primary.hashed + b"\xd1" + len(picture).to_bytes(4, "big") + picture
    certified = by(0x13, about_second, subpacket(27, b"\1"))
    weak = ed25519_key(b"w" * 32, NOW - 1000, encode_point(SMALL_ORDER[3]))
    mixed = ed25519_key(b"w" * 32, NOW - 1000, encode_point(add(multiply(9, BASE), SMALL_ORDER[2])))
    rsa = bytes.fromhex("04") + (NOW - 1000).to_bytes(4, "big") + b"\x01"
    return {
        "a good one": (block + bound(primary, subkey), {mine: "pinned", sub: "pinned"}),
        "another fingerprint": (self_signed(other), {mine: "another key"}),
        "nothing": (b"", {mine: "no key"}),
        "armoured": (armour(block, "PUBLIC KEY BLOCK"), {mine: "not a binary export of a public key"}),
        "two keys": (block + self_signed(other), {mine: "more than one key"}),
        "cut short": (block[:-1], {mine: "malformed packet"}),
        "without a user id": (head, {mine: "no valid self-signature"}),
        "a user id that another key signed": (
            head + packet(13, user) + by(0x13, about_user, subpacket(27, b"\3"), other),
            {mine: "no valid self-signature"},
        ),
        "another user id": (
            head + packet(13, user + b"x") + by(0x13, about_user, subpacket(27, b"\3")),
            {mine: "no valid self-signature"},
        ),
        "a self-signature over SHA-1": (self_signed(primary, hash_id=2), {mine: "no valid self-signature"}),
        "a revoked user id": (block + by(0x30, about_user), {mine: "no valid self-signature"}),
        "a second user id without the flag": (block + packet(13, second) + certified, {mine: "not a signing key"}),
        "a second user id without the flag, revoked": (
            block + packet(13, second) + certified + by(0x30, about_second),
            {mine: "pinned"},
        ),
        "a picture alone": (
            head + packet(17, picture) + by(0x13, about_picture, subpacket(27, b"\3")),
            {mine: "no valid self-signature"},
        ),
        "a picture without the flag": (
            block + packet(17, picture) + by(0x13, about_picture, subpacket(27, b"\1")),
            {mine: "not a signing key"},
        ),
        "a revoked key": (head + by(0x20, primary.hashed) + block[len(head) :], {mine: "revoked"}),
        "a revocation that nobody can verify": (
            block + packet(2, b"\x04\x20\x11\x08\0\0\0\0\0\0\0\0"),
            {mine: "revoked"},
        ),
        "a revocation of version 3": (block + packet(2, b"\x03\x05\x20" + bytes(16)), {mine: "revoked"}),
        "a primary key that only certifies": (
            self_signed(primary, flags=1) + bound(primary, subkey),
            {mine: "not a signing key", sub: "pinned"},
        ),
        "a direct signature without the flag": (
            head + by(0x1F, primary.hashed, subpacket(27, b"\1")) + block[len(head) :],
            {mine: "not a signing key"},
        ),
        "no cross-signature": (
            block + bound(primary, subkey, cross=False),
            {mine: "pinned", sub: "not cross-certified"},
        ),
        "another's cross-signature": (
            block + bound(primary, subkey, crossed=other),
            {mine: "pinned", sub: "not cross-certified"},
        ),
        "a subkey that only encrypts": (
            block + bound(primary, subkey, flags=12),
            {mine: "pinned", sub: "not a signing key"},
        ),
        "a subkey bound by another key": (block + bound(other, subkey), {mine: "pinned", sub: "no valid binding"}),
        "a subkey bound over SHA-1": (
            block + bound(primary, subkey, hash_id=2),
            {mine: "pinned", sub: "no valid binding"},
        ),
        "a subkey whose newer binding takes the flag away": (
            block
            + bound(primary, subkey)
            + bound(primary, subkey, flags=4, created=NOW - 5)[len(packet(14, subkey.packet)) :],
            {mine: "pinned", sub: "not a signing key"},
        ),
        "a revoked subkey": (
            block + bound(primary, subkey) + by(0x28, primary.hashed + subkey.hashed),
            {mine: "pinned", sub: "revoked"},
        ),
        "a subkey without a binding": (block + packet(14, subkey.packet), {mine: "pinned", sub: "no valid binding"}),
        "a binding at another subkey": (
            block
            + packet(14, subkey.packet)
            + packet(14, other.packet)
            + bound(primary, subkey)[len(packet(14, subkey.packet)) :],
            {mine: "pinned", sub: "no valid binding", other.fingerprint: "no valid binding"},
        ),
        "a binding at the user id": (
            block + bound(primary, subkey)[len(packet(14, subkey.packet)) :],
            {mine: "misplaced signature"},
        ),
        "a user id behind a subkey": (
            head + bound(primary, subkey) + block[len(head) :],
            {mine: "malformed packet"},
        ),
        "an unknown critical subpacket": (
            self_signed(primary, more=subpacket(99, b"", critical=True)),
            {mine: "no valid self-signature"},
        ),
        "a self-signature from the future that takes the flag away": (
            self_signed(primary) + by(0x13, about_user, subpacket(27, b"\1"), at=NOW + 9000),
            {mine: "not a signing key"},
        ),
        "an expired self-signature": (
            self_signed(primary, more=time_subpacket(3, 1)),
            {mine: "no valid self-signature"},
        ),
        "a small key": (self_signed(weak), {weak.fingerprint: "unsound key"}),
        "a mixed key": (self_signed(mixed), {mixed.fingerprint: "unsound key"}),
        "an even modulus": (
            packet(6, rsa + mpi(1 << 2047) + mpi(65537)),
            {Key(rsa + mpi(1 << 2047) + mpi(65537)).fingerprint: "unsound key"},
        ),
        "an even exponent": (
            packet(6, rsa + mpi(1 << 2047 | 1) + mpi(4)),
            {Key(rsa + mpi(1 << 2047 | 1) + mpi(4)).fingerprint: "unsound key"},
        ),
        "exponent 1": (
            packet(6, rsa + mpi(1 << 2047 | 1) + mpi(1)),
            {Key(rsa + mpi(1 << 2047 | 1) + mpi(1)).fingerprint: "unsupported key size"},
        ),
        "1024 bits": (
            packet(6, rsa + mpi(1 << 1023 | 1) + mpi(65537)),
            {Key(rsa + mpi(1 << 1023 | 1) + mpi(65537)).fingerprint: "unsupported key size"},
        ),
        "4097 bits": (
            packet(6, rsa + mpi(1 << 4096 | 1) + mpi(65537)),
            {Key(rsa + mpi(1 << 4096 | 1) + mpi(65537)).fingerprint: "unsupported key size"},
        ),
    }


REFUSALS = _refusals()


@pytest.fixture(scope="module")
def keyless(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[psycopg.Connection]:
    """A connection to a database that has no key; whoever pins one rolls back."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        with database.connect() as connected:
            yield connected


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_pinned_of_an_export(keyless: psycopg.Connection, case: str) -> None:
    export, expected = REFUSALS[case]
    asked = next(iter(expected))
    with keyless.transaction(force_rollback=True):
        assert dict(pinned(keyless, export, asked)) == expected
        stored = {name for (name,) in keyless.execute("SELECT fingerprint FROM cutter_governance.signing_key")}
    assert stored == {name for name, verdict in expected.items() if verdict == "pinned"}


def test_a_withdrawn_key_verifies_nothing_nor_do_its_subkeys(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    pinned(connection, self_signed(primary) + bound(primary, subkey), primary.fingerprint)
    signatures = [packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.issuer()).body()) for key in (primary, subkey)]
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "good"]
    connection.execute("SELECT cutter_console.fn_signing_key_end(%s, 'lost')", (subkey.fingerprint.lower(),))
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "key withdrawn"]
    connection.execute("SELECT cutter_console.fn_signing_key_end(%s, 'lost too')", (primary.fingerprint,))
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["key withdrawn", "key withdrawn"]
    pinned(connection, self_signed(primary) + bound(primary, subkey), primary.fingerprint)
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["key withdrawn", "key withdrawn"]


def test_an_expired_key_verifies_nothing_until_its_owner_prolongs_it(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    signatures = [packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.issuer()).body()) for key in (primary, subkey)]
    short = self_signed(primary, more=time_subpacket(9, 500)) + bound(primary, subkey)
    pinned(connection, short, primary.fingerprint)
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["key expired", "key expired"]
    longer = self_signed(primary, created=NOW - 20, more=time_subpacket(9, 100_000)) + bound(
        primary, subkey, created=NOW - 10, more=time_subpacket(9, 100)
    )
    assert [verdict for _, verdict in pinned(connection, longer, primary.fingerprint)] == ["present", "present"]
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "key expired"]
    pinned(connection, short, primary.fingerprint)
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "key expired"]


def test_of_several_user_ids_the_shortest_term_counts_as_for_gpg(connection: psycopg.Connection) -> None:
    primary, _ = _hand()
    user, about = b"Newer and without a term", primary.hashed + b"\xb4\0\0\0\x18Newer and without a term"
    hashed = time_subpacket(2, NOW - 5) + subpacket(27, b"\3") + primary.issuer()
    newer = sign(primary, about, hashed, primary.key_id(), kind=0x13)
    export = self_signed(primary, more=time_subpacket(9, 500)) + packet(13, user) + packet(2, newer.body())
    pinned(connection, export, primary.fingerprint)
    signature = packet(2, sign(primary, b"d", time_subpacket(2, NOW) + primary.issuer()).body())
    assert ask(connection, signature, b"d").verdict == "key expired"
    with Home() as home:
        home.gpg("--import", given=export)
        assert any(line.startswith("EXPKEYSIG") for line in home.verify(signature, b"d").status)


def test_a_subkey_belongs_to_the_first_primary_key_that_pinned_it(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    other = ed25519_key(b"x" * 32, NOW - 1000)
    pinned(connection, self_signed(primary) + bound(primary, subkey), primary.fingerprint)
    stolen = dict(pinned(connection, self_signed(other) + bound(other, subkey), other.fingerprint))
    assert stolen == {other.fingerprint: "pinned", subkey.fingerprint: "pinned for another primary key"}
    signature = packet(2, sign(subkey, b"d", time_subpacket(2, NOW) + subkey.issuer()).body())
    assert ask(connection, signature, b"d").primary == primary.fingerprint


def test_a_key_that_gpg_makes_expires_in_both(connection: psycopg.Connection) -> None:
    with Home() as home:
        fingerprint = home.make("brief@example.org", "ed25519", "sign", life="seconds=2")
        pinned(connection, home.export(fingerprint), fingerprint)
        signature = home.detach_sign(fingerprint, b"d")
        assert ask(connection, signature, b"d").verdict == "good"
        time.sleep(3)
        assert ask(connection, signature, b"d").verdict == "key expired"
        assert not home.verify(signature, b"d").good


def test_a_row_that_its_packet_does_not_bear_out_is_not_believed(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    pinned(connection, self_signed(primary), primary.fingerprint)
    connection.execute(
        "INSERT INTO cutter_governance.signing_key (fingerprint, primary_fingerprint, algorithm, packet, key_created) VALUES (%s, %s, 22, %s, now())",
        (subkey.fingerprint, primary.fingerprint, ed25519_key(b"z" * 32, subkey.created).packet),
    )
    signature = packet(2, sign(subkey, b"d", time_subpacket(2, NOW) + subkey.issuer()).body())
    assert ask(connection, signature, b"d").verdict == "no such key"


# Who may do what.


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify", "cutter_ro"])
def test_a_role_of_the_product_checks_and_can_neither_pin_nor_write(database: Database, role: str) -> None:
    primary, _ = _hand()
    with database.connect() as administrator:
        pinned(administrator, self_signed(primary), primary.fingerprint)
    signature = packet(2, sign(primary, b"d", time_subpacket(2, NOW) + primary.issuer()).body())
    with database.connect(role) as connection:
        assert ask(connection, signature, b"d").verdict == "good"
        assert scalar(connection, "SELECT count(*) FROM cutter_governance.signing_key") == 1
        for forbidden in (
            "SELECT cutter_console.fn_signing_key_pin('', '')",
            "SELECT cutter_console.fn_signing_key_end('', '')",
            "SELECT cutter_console.fn_openpgp_proves('', '', '')",
            "SELECT cutter_console.fn_rsa_power(2, 2, 2)",
            "INSERT INTO cutter_governance.signing_key SELECT * FROM cutter_governance.signing_key",
            "INSERT INTO cutter_governance.signing_key_term (fingerprint, signed_at) VALUES ('', now())",
            "INSERT INTO cutter_governance.signing_key_end (fingerprint, reason) VALUES ('', '')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())


@pytest.mark.parametrize("table", ["signing_key", "signing_key_term", "signing_key_end"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cutter_governance.{} SET fingerprint = fingerprint",
        "DELETE FROM cutter_governance.{}",
        "TRUNCATE cutter_governance.{} CASCADE",
    ],
)
def test_the_tables_of_keys_only_grow(server: psycopg.Connection, table: str, change: str) -> None:
    with server.transaction(force_rollback=True):
        server.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(psycopg.errors.DatabaseError, match="append-only"):
            server.execute(change.format(table).encode())


def test_a_key_of_an_uneven_length_verifies(connection: psycopg.Connection) -> None:
    """Algorithm 3, which gpg no longer makes, and a modulus whose length is not a multiple of eight."""
    key = rsa_key(Random(5), 2054, 17, NOW - 1000, algorithm=3)
    assert pinned(connection, self_signed(key), key.fingerprint) == [(key.fingerprint, "pinned")]
    for hash_id in (8, 9, 10):
        signature = packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.issuer(), hash_id=hash_id).body())
        assert ask(connection, signature, b"d").verdict == "good"
