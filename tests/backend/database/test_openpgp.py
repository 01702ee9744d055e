"""The database verifies detached OpenPGP signatures by itself, and never accepts what gpg refuses."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.backend.programs import SERVER_PROGRAMS, installations
from tests.backend.database.openpgp_cases import RAW, Honest, World, a_world, cases, make_honest
from tests.backend.database.openpgp_differential import STRICTER, ask, compare, pin
from tests.backend.database.openpgp_tools import (
    BASE,
    INFINITY,
    RSA,
    SMALL_ORDER,
    Home,
    Key,
    L,
    P,
    Parts,
    add,
    armour,
    bound,
    decode_point,
    digest_of,
    ed25519_key,
    ed25519_public,
    ed25519_sign,
    encode_point,
    mpi,
    multiply,
    packet,
    packets,
    pkcs1,
    recover_x,
    rsa_key,
    self_signed,
    sign,
    subpacket,
    time_subpacket,
)
from tests.conftest import ClusterOf, Database, fresh_database, of_each_version

MAJORS = sorted({one.major for one in installations() if one.major in range(14, 19) and one.has(SERVER_PROGRAMS)})
"""Every version that the machine has; the mathematics must not depend on how a version divides."""
NOW = int(time.time())
SAMPLE = 80
VECTORS = json.loads((Path(__file__).parent / "ed25519_vectors.json").read_text())
"""RFC 8032 7.1: TEST 1, 2, 3, 1024 and SHA(abc)."""
# RFC 9580 A.1 and A.2: a key, and its signature of the word OpenPGP.
SAMPLE_KEY = bytes.fromhex(
    "0453f35f0b16092b06010401da470f010107403f098994bdd916ed4053197934e4a87c80733a1280d62f8010992e43ee3b2406"
)
SAMPLE_FINGERPRINT = "C959BDBAFA32A2F89A153B678CFDE12197965A9A"
SAMPLE_SIGNATURE = b"""-----BEGIN PGP SIGNATURE-----

iF4EABYIAAYFAlX5X5UACgkQjP3hIZeWWpr2IgD/VvkMypjiECY3vZg/2xbBMd/S
ftgr9N3lYG4NdWrtM2YBANCcT6EVJ/A44PV/IgHYLy6iyQMyZfps60iehUuuYbQE
=%s
-----END PGP SIGNATURE-----
"""


def _value(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def _verify(connection: psycopg.Connection, point: bytes | None, message: bytes, signature: bytes | None) -> object:
    return _value(connection, "SELECT cutter_governance.fn_ed25519_verify(%s, %s, %s)", point, message, signature)


def _pinned(connection: psycopg.Connection, export: bytes, fingerprint: str) -> list[tuple[str, str]]:
    connection.execute("SET ROLE cutter_owner")
    try:
        return connection.execute(
            "SELECT fingerprint, verdict FROM cutter_governance.fn_signing_key_pin(%s, %s)", (export, fingerprint)
        ).fetchall()
    finally:
        connection.execute("RESET ROLE")


@pytest.fixture(scope="module", params=of_each_version(MAJORS))
def each_server(
    request: pytest.FixtureRequest, cluster_of: ClusterOf, template_of: Callable[[int], str]
) -> Iterator[Database]:
    """A database of every major version there is, shared by the tests that only compute."""
    yield from fresh_database(cluster_of(request.param), template_of(request.param))


@pytest.fixture(scope="module")
def computing(each_server: Database) -> Iterator[psycopg.Connection]:
    """A connection to it."""
    with each_server.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Keys of gpg's and some by hand."""
    with a_world(Random(20), small=True) as made:
        yield made


@pytest.fixture(scope="module")
def honest(world: World) -> tuple[Honest, ...]:
    """One signature by gpg for each key and hash."""
    return tuple(make_honest(Random(21), world, 3 * (len(world.keys) - 2)))


class Pool:
    """The same, for a test of many examples, which would print them all in its failure."""

    def __init__(self, honest: tuple[Honest, ...]) -> None:
        self.honest = honest


@pytest.fixture(scope="module")
def pool(honest: tuple[Honest, ...]) -> Pool:
    """The same signatures, behind a short name."""
    return Pool(honest)


@pytest.fixture(scope="module")
def server(cluster_of: ClusterOf, template_of: Callable[[int], str], world: World) -> Iterator[psycopg.Connection]:
    """A connection to a database in which the world's keys are pinned."""
    for database in fresh_database(cluster_of(18), template_of(18)):
        with database.connect() as connection:
            pin(connection, world)
            yield connection


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    """A connection to a database of the test's own."""
    with database.connect() as connected:
        yield connected


# The functions below the surface, on every version.


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"abc",
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        b"a" * 1000,
        *(b"x" * n for n in (55, 56, 63, 64, 119, 120)),
    ],
)
def test_sha1_is_that_of_fips_180(computing: psycopg.Connection, message: bytes) -> None:
    assert _value(computing, "SELECT cutter_governance.fn_sha1(%s)", message) == hashlib.sha1(message).digest()


def test_sha1_of_a_long_message(computing: psycopg.Connection) -> None:
    digest = _value(
        computing, "SELECT encode(cutter_governance.fn_sha1(convert_to(repeat('a', 100000), 'UTF8')), 'hex')"
    )
    assert digest == hashlib.sha1(b"a" * 100000).hexdigest()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_ed25519_verifies_the_vectors_of_rfc_8032_and_nothing_beside_them(
    computing: psycopg.Connection, vector: dict[str, str]
) -> None:
    point, message, signature = (bytes.fromhex(vector[name]) for name in ("public", "message", "signature"))
    assert _verify(computing, point, message, signature) is True
    assert _verify(computing, point, message + b"\0", signature) is False
    for at in (0, 31, 32, 63):
        changed = bytes(octet ^ (1 if i == at else 0) for i, octet in enumerate(signature))
        assert _verify(computing, point, message, changed) is False
    assert ed25519_sign(bytes.fromhex(vector["secret"]), message) == signature


def test_the_sample_key_and_signature_of_rfc_9580(computing: psycopg.Connection) -> None:
    key = computing.execute(
        "SELECT fingerprint, key_id, algorithm, refused FROM cutter_governance.fn_openpgp_key(%s)", (SAMPLE_KEY,)
    ).fetchone()
    assert key == (SAMPLE_FINGERPRINT, SAMPLE_FINGERPRINT[-16:], 22, None)
    octets = _dearmoured(SAMPLE_SIGNATURE)
    body = next(packets(octets))[1]
    proof = "SELECT (cutter_governance.fn_openpgp_proves(%s, %s, %s)).verdict"
    assert _value(computing, proof, body, SAMPLE_KEY, b"OpenPGP") == "good"
    assert _value(computing, proof, body, SAMPLE_KEY, b"openPGP") == "bad signature"
    assert _value(computing, "SELECT cutter_governance.fn_openpgp_dearmour(%s)", armour(octets)) == octets
    crc = armour(octets).splitlines()[-2][1:]
    assert _value(computing, "SELECT cutter_governance.fn_openpgp_dearmour(%s)", SAMPLE_SIGNATURE % crc) == octets


def _dearmoured(block: bytes) -> bytes:
    import base64

    return base64.b64decode(b"".join(block.splitlines()[2:4]))


def test_signatures_of_all_keys_and_hashes_on_every_version(
    computing: psycopg.Connection, world: World, honest: tuple[Honest, ...]
) -> None:
    proof = "SELECT (cutter_governance.fn_openpgp_proves(%s, %s, %s)).verdict"
    for one in honest:
        body = one.parts.body()
        assert _value(computing, proof, body, one.key.packet, one.data) == "good"
        assert _value(computing, proof, body, one.key.packet, one.data + b"x") == "bad signature"
    digest = hashlib.sha256(b"").digest()
    assert _value(computing, "SELECT cutter_governance.fn_openpgp_number(%s)", digest) == int.from_bytes(digest, "big")


# Ed25519 at the edges, beside the definition written down in Python.


def _by_definition(point: bytes, message: bytes, signature: bytes) -> bool:
    a, s = decode_point(point), int.from_bytes(signature[32:], "little")
    canonical = int.from_bytes(point, "little") & (2**255 - 1) < P and (
        point[31] < 128 or (a is not None and a[0] != 0)
    )
    if a is None or a in SMALL_ORDER or s >= L or not canonical:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + point + message).digest(), "little")
    minus_a = ((P - a[0]) % P, a[1])
    return encode_point(add(multiply(s, BASE), multiply(h, minus_a))) == signature[:32]


def _edges() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Cases of which the definition accepts some: keys with a part of small order, R of small order, and other encodings of all of them."""
    secret = 123456789 * 8
    for i, small in enumerate(SMALL_ORDER):
        for j, other in enumerate(SMALL_ORDER):
            mixed = add(multiply(secret, BASE), small)
            message = bytes([i, j])
            nonce = 987654321 + i
            r = encode_point(add(multiply(nonce, BASE), other))
            h = int.from_bytes(hashlib.sha512(r + encode_point(mixed) + message).digest(), "little")
            yield f"mixed {i} {j}", encode_point(mixed), message, r + ((nonce + h * secret) % L).to_bytes(32, "little")
            yield f"small key {i} {j}", encode_point(small), message, encode_point(other) + bytes(32)
    seed = bytes(32)
    point = ed25519_public(seed)
    good = ed25519_sign(seed, b"m")
    s = int.from_bytes(good[32:], "little")
    for times in (1, 2, 8, 15):
        yield f"s + {times} L", point, b"m", good[:32] + (s + times * L).to_bytes(32, "little")
    yield "s is L", point, b"m", good[:32] + L.to_bytes(32, "little")
    yield "s is L - 1", point, b"m", good[:32] + (L - 1).to_bytes(32, "little")
    yield "s is 0", point, b"m", good[:32] + bytes(32)
    yield "all ones", point, b"m", b"\xff" * 64
    yield "the negative key", bytes([*point[:31], point[31] ^ 128]), b"m", good
    yield "the negative R", point, b"m", bytes([*good[:31], good[31] ^ 128]) + good[32:]
    for y in range(19):
        for odd in (0, 128):
            encoded = bytearray((P + y).to_bytes(32, "little"))
            encoded[31] |= odd
            yield f"R is p + {y}, {odd}", point, b"m", bytes(encoded) + good[32:]
            yield f"the key is p + {y}, {odd}", bytes(encoded), b"m", bytes(encoded) + bytes(32)
    for y in (2, 7, 8):
        if recover_x(y, 0) is None:
            yield f"no point {y}", y.to_bytes(32, "little"), b"m", good
    yield "the identity with a sign", (1 | 1 << 255).to_bytes(32, "little"), b"m", encode_point(INFINITY) + bytes(32)


@cache
def _judged_edges() -> tuple[tuple[str, bytes, bytes, bytes, bool], ...]:
    return tuple((*edge, _by_definition(*edge[1:])) for edge in _edges())


def test_ed25519_at_its_edges_is_as_defined(computing: psycopg.Connection) -> None:
    for name, point, message, signature, expected in _judged_edges():
        assert _verify(computing, point, message, signature) is expected, name
    assert 4 <= sum(edge[-1] for edge in _judged_edges()) < 40


@pytest.mark.parametrize("lengths", [(0, 0), (31, 64), (32, 63), (33, 65), (None, 64), (32, None)], ids=str)
def test_ed25519_of_wrong_lengths_is_false(server: psycopg.Connection, lengths: tuple[int | None, int | None]) -> None:
    point, signature = (None if length is None else bytes(length) for length in lengths)
    assert _verify(server, point, b"", signature) is False


def test_a_public_key_is_sound_only_in_the_prime_order(server: psycopg.Connection) -> None:
    sound = "SELECT cutter_governance.fn_ed25519_sound(%s)"
    assert _value(server, sound, ed25519_public(b"k" * 32)) is True
    for small in SMALL_ORDER:
        assert _value(server, sound, encode_point(small)) is False
        if small != INFINITY:
            assert _value(server, sound, encode_point(add(multiply(5, BASE), small))) is False


# Beside gpg.


def test_a_sample_of_signatures_is_judged_as_by_gpg(server: psycopg.Connection, world: World) -> None:
    tally = compare(server, world, cases(Random(22), world, SAMPLE))
    assert tally.wrong == []
    assert tally.verdicts["good"] >= SAMPLE // 2
    assert set(tally.stricter) - {group for group, count in tally.stricter.items() if not count} <= set(STRICTER)


FORGED = {
    "garbage behind the digest": lambda info, size: b"\0\1" + b"\xff" * 8 + b"\0" + info,
    "one octet of filling": lambda info, size: b"\0\1\xff\0" + info,
    "no filling": lambda info, size: b"\0\1\0" + info,
}


@pytest.mark.parametrize("shape", FORGED)
def test_a_cube_root_forges_no_signature_of_a_key_with_exponent_3(
    server: psycopg.Connection, world: World, shape: str
) -> None:
    """Bleichenbacher's forgery of 2006 needs no secret; it works on whoever parses the encoding instead of building it."""
    key = next(key for key in world.keys if key.algorithm == RSA and mpi(3) == key.packet[-3:])
    parts = Parts(4, 0, RSA, 8, time_subpacket(2, NOW) + key.issuer(), key.key_id(), b"", b"")
    digest = digest_of(parts, b"forged")
    encoded = pkcs1(digest, 8, 256)
    start = FORGED[shape](encoded[encoded.index(b"\0", 2) + 1 :], 256)
    root = 1 << 690
    target = int.from_bytes(start + b"\xff" * (256 - len(start)), "big")
    while root**3 > target:
        root = (2 * root + target // root**2) // 3
    assert (root**3).to_bytes(256, "big").startswith(start)
    forged = packet(2, replace(parts, left=digest[:2], integers=mpi(root)).body())
    assert ask(server, forged, b"forged").verdict == "bad signature"
    assert not world.verifying.verify(forged, b"forged").good


def test_two_keys_that_share_a_key_id_are_told_apart(connection: psycopg.Connection) -> None:
    """A look-alike of 64 bits cannot be made here, so it is laid into the table beside the real key as its owner could."""
    key = ed25519_key(b"k" * 32, NOW - 100)
    assert _pinned(connection, self_signed(key), key.fingerprint) == [(key.fingerprint, "pinned")]
    other = ed25519_key(b"o" * 32, NOW - 100)
    alike = "0" * 24 + key.fingerprint[-16:]
    connection.execute(
        "INSERT INTO cutter_governance.signing_key (fingerprint, primary_fingerprint, algorithm, packet, key_created) VALUES (%s, %s, 22, %s, now())",
        (alike, alike, other.packet),
    )
    connection.execute(
        "INSERT INTO cutter_governance.signing_key_term (fingerprint, signed_at) VALUES (%s, now())", (alike,)
    )
    by_id = packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.key_id()).body())
    assert ask(connection, by_id, b"d").fingerprint == key.fingerprint
    theirs = packet(2, sign(other, b"d", time_subpacket(2, NOW) + key.key_id()).body())
    assert ask(connection, theirs, b"d").verdict != "good"
    named = packet(2, sign(other, b"d", time_subpacket(2, NOW) + subpacket(33, b"\x04" + bytes.fromhex(alike))).body())
    assert ask(connection, named, b"d").verdict == "no such key"


# Bytes that are anything.

ANYTHING = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda octets: b"\x88" + bytes([len(octets) & 255]) + octets),
    st.binary(max_size=200).map(lambda octets: packet(2, b"\x04\0\x16\x08" + octets)),
    st.binary(max_size=200).map(lambda octets: packet(2, b"\x04\0\x01\x0a\0\0\0\0" + octets)),
    st.binary(max_size=200).map(armour),
    st.text(max_size=200).map(
        lambda text: ("-----BEGIN PGP SIGNATURE-----\n" + text + "\n-----END PGP SIGNATURE-----").encode()
    ),
    st.text(alphabet="-=:\n\r \t+/AQgPBEGINDS\\0", max_size=200).map(
        lambda text: ("-----BEGIN PGP SIGNATURE-----\n\n" + text + "\n-----END PGP SIGNATURE-----").encode()
    ),
)
BOUNDED = settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@BOUNDED
@given(signature=ANYTHING, data=st.binary(max_size=20))
def test_no_bytes_raise_and_none_are_good(server: psycopg.Connection, signature: bytes, data: bytes) -> None:
    assert ask(server, signature, data).verdict not in ("good", "", None)


@BOUNDED
@given(seed=st.integers(0, 2**32), twice=st.booleans())
def test_a_mutation_never_raises_and_never_names_another_key(
    server: psycopg.Connection, pool: Pool, seed: int, *, twice: bool
) -> None:
    rng = Random(seed)
    one = rng.choice(pool.honest)
    group, signature, data = rng.choice(RAW)(rng, one)
    if twice and signature:
        at = rng.randrange(len(signature))
        group, signature = (
            "twice",
            signature[:at] + rng.randbytes(rng.randrange(4)) + signature[at + rng.randrange(4) :],
        )
    found = ask(server, signature, data)
    assert found.verdict
    if found.verdict == "good":
        assert (found.fingerprint, data) == (one.key.fingerprint, one.data)
        assert group in ("same", "leading zeros", "issuer", "armour", "twice", "critical subpacket")
    else:
        assert (found.fingerprint, found.primary, found.created) == ("", "", 0)


@BOUNDED
@given(
    octets=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=100).map(lambda tail: b"\x04\0\0\0\0\x16\x09" + tail),
        st.binary(max_size=100).map(lambda tail: b"\x04\0\0\0\0\x01" + tail),
    )
)
def test_no_bytes_of_a_key_raise(server: psycopg.Connection, octets: bytes) -> None:
    key = server.execute("SELECT refused FROM cutter_governance.fn_openpgp_key(%s)", (octets,)).fetchone()
    assert key is not None
    assert key[0]
    for export in (octets, packet(6, octets), packet(6, SAMPLE_KEY) + octets):
        (row,) = _pinned(server, export, SAMPLE_FINGERPRINT)
        assert row[1] not in ("pinned", "present")


@pytest.mark.parametrize(
    ("signature", "data", "verdict"),
    [
        (None, b"", "no signature"),
        (b"", b"", "no signature"),
        (b"\x88", None, "no signature"),
        (b"\x88" * 65536, b"", "too long"),
        (b"a" * 65535, b"", "malformed armour"),
        (b"\n" * 65535, b"", "malformed armour"),
        (
            b"-----BEGIN PGP SIGNATURE-----\n\n" + b"\n" * 65000 + b"-----END PGP SIGNATURE-----",
            b"",
            "malformed armour",
        ),
        (armour(bytes(45000)), b"", "malformed packet"),
        (packet(2, b"\x04\0\x16\x08\x27\x10" + b"\2\xff\x00" * 3333 + b"\0"), b"", "malformed packet"),
    ],
    ids=[
        "nothing",
        "empty",
        "no data",
        "64 KiB",
        "no armour",
        "blank lines",
        "an empty block",
        "zeros",
        "many subpackets",
    ],
)
def test_nothing_and_too_much(server: psycopg.Connection, signature: bytes, data: bytes, verdict: str) -> None:
    assert ask(server, signature, data).verdict == verdict


def test_no_setting_of_the_session_changes_a_verdict(server: psycopg.Connection, honest: tuple[Honest, ...]) -> None:
    strange = (
        "bytea_output = escape",
        "standard_conforming_strings = off",
        "client_encoding = LATIN1",
        "search_path = pg_temp",
        "extra_float_digits = 0",
        "timezone = 'Asia/Tokyo'",
        "datestyle = 'SQL, DMY'",
        "intervalstyle = iso_8601",
    )
    one = honest[0]
    with server.transaction(force_rollback=True):
        for setting in strange:
            server.execute(f"SET LOCAL {setting}".encode())
        row = server.execute(
            "SELECT verdict, created FROM cutter_governance.fn_openpgp_check(%s, %s)",
            (armour(one.signature), one.data),
            binary=True,
        ).fetchone()
    assert row is not None
    assert row[0] == "good"


# Keys.


def test_every_key_that_may_sign_is_pinned_once(connection: psycopg.Connection, world: World) -> None:
    fingerprint, export = world.exports[0]
    usable = {key.fingerprint for key in world.keys} & {
        Key(body).fingerprint for tag, body in packets(export) if tag in (6, 14)
    }
    first = dict(_pinned(connection, export, fingerprint))
    assert {name for name, verdict in first.items() if verdict == "pinned"} == usable
    assert sorted(first.values()) == ["not a signing key", "pinned", "pinned", "pinned"]
    again = dict(_pinned(connection, export, " ".join(fingerprint[i : i + 4] for i in range(0, 40, 4)).lower()))
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


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_pinned_of_an_export(connection: psycopg.Connection, case: str) -> None:
    export, expected = REFUSALS[case]
    asked = next(iter(expected))
    assert dict(_pinned(connection, export, asked)) == expected
    pinned = {name for (name,) in connection.execute("SELECT fingerprint FROM cutter_governance.signing_key")}
    assert pinned == {name for name, verdict in expected.items() if verdict == "pinned"}


def test_a_withdrawn_key_verifies_nothing_nor_do_its_subkeys(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    _pinned(connection, self_signed(primary) + bound(primary, subkey), primary.fingerprint)
    signatures = [packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.issuer()).body()) for key in (primary, subkey)]
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "good"]
    connection.execute("SELECT cutter_governance.fn_signing_key_end(%s, 'lost')", (subkey.fingerprint.lower(),))
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "key withdrawn"]
    connection.execute("SELECT cutter_governance.fn_signing_key_end(%s, 'lost too')", (primary.fingerprint,))
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["key withdrawn", "key withdrawn"]
    _pinned(connection, self_signed(primary) + bound(primary, subkey), primary.fingerprint)
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["key withdrawn", "key withdrawn"]


def test_an_expired_key_verifies_nothing_until_its_owner_prolongs_it(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    signatures = [packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.issuer()).body()) for key in (primary, subkey)]
    short = self_signed(primary, more=time_subpacket(9, 500)) + bound(primary, subkey)
    _pinned(connection, short, primary.fingerprint)
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["key expired", "key expired"]
    longer = self_signed(primary, created=NOW - 20, more=time_subpacket(9, 100_000)) + bound(
        primary, subkey, created=NOW - 10, more=time_subpacket(9, 100)
    )
    assert [verdict for _, verdict in _pinned(connection, longer, primary.fingerprint)] == ["present", "present"]
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "key expired"]
    _pinned(connection, short, primary.fingerprint)
    assert [ask(connection, one, b"d").verdict for one in signatures] == ["good", "key expired"]


def test_of_several_user_ids_the_shortest_term_counts_as_for_gpg(connection: psycopg.Connection) -> None:
    primary, _ = _hand()
    user, about = b"Newer and without a term", primary.hashed + b"\xb4\0\0\0\x18Newer and without a term"
    hashed = time_subpacket(2, NOW - 5) + subpacket(27, b"\3") + primary.issuer()
    newer = sign(primary, about, hashed, primary.key_id(), kind=0x13)
    export = self_signed(primary, more=time_subpacket(9, 500)) + packet(13, user) + packet(2, newer.body())
    _pinned(connection, export, primary.fingerprint)
    signature = packet(2, sign(primary, b"d", time_subpacket(2, NOW) + primary.issuer()).body())
    assert ask(connection, signature, b"d").verdict == "key expired"
    with Home() as home:
        home.gpg("--import", given=export)
        assert any(line.startswith("EXPKEYSIG") for line in home.verify(signature, b"d").status)


def test_a_subkey_belongs_to_the_first_primary_key_that_pinned_it(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    other = ed25519_key(b"x" * 32, NOW - 1000)
    _pinned(connection, self_signed(primary) + bound(primary, subkey), primary.fingerprint)
    stolen = dict(_pinned(connection, self_signed(other) + bound(other, subkey), other.fingerprint))
    assert stolen == {other.fingerprint: "pinned", subkey.fingerprint: "pinned for another primary key"}
    signature = packet(2, sign(subkey, b"d", time_subpacket(2, NOW) + subkey.issuer()).body())
    assert ask(connection, signature, b"d").primary == primary.fingerprint


def test_a_key_that_gpg_makes_expires_in_both(connection: psycopg.Connection) -> None:
    with Home() as home:
        fingerprint = home.make("brief@example.org", "ed25519", "sign", life="seconds=2")
        _pinned(connection, home.export(fingerprint), fingerprint)
        signature = home.detach_sign(fingerprint, b"d")
        assert ask(connection, signature, b"d").verdict == "good"
        time.sleep(3)
        assert ask(connection, signature, b"d").verdict == "key expired"
        assert not home.verify(signature, b"d").good


def test_a_row_that_its_packet_does_not_bear_out_is_not_believed(connection: psycopg.Connection) -> None:
    primary, subkey = _hand()
    _pinned(connection, self_signed(primary), primary.fingerprint)
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
        _pinned(administrator, self_signed(primary), primary.fingerprint)
    signature = packet(2, sign(primary, b"d", time_subpacket(2, NOW) + primary.issuer()).body())
    with database.connect(role) as connection:
        assert ask(connection, signature, b"d").verdict == "good"
        assert _value(connection, "SELECT count(*) FROM cutter_governance.signing_key") == 1
        for forbidden in (
            "SELECT cutter_governance.fn_signing_key_pin('', '')",
            "SELECT cutter_governance.fn_signing_key_end('', '')",
            "SELECT cutter_governance.fn_openpgp_proves('', '', '')",
            "SELECT cutter_governance.fn_rsa_power(2, 2, 2)",
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
    assert _pinned(connection, self_signed(key), key.fingerprint) == [(key.fingerprint, "pinned")]
    for hash_id in (8, 9, 10):
        signature = packet(2, sign(key, b"d", time_subpacket(2, NOW) + key.issuer(), hash_id=hash_id).body())
        assert ask(connection, signature, b"d").verdict == "good"
