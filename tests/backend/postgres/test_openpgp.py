"""The database verifies detached OpenPGP signatures by itself, and never accepts what gpg refuses."""

import time
from dataclasses import replace
from random import Random

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backend.postgres.openpgp_cases import RAW, SAMPLE_FINGERPRINT, SAMPLE_KEY, Honest, World, cases
from tests.backend.postgres.openpgp_differential import STRICTER, ask, compare, pinned
from tests.backend.postgres.openpgp_tools import (
    RSA,
    Parts,
    armour,
    digest_of,
    ed25519_key,
    mpi,
    packet,
    pkcs1,
    self_signed,
    sign,
    subpacket,
    time_subpacket,
)

NOW = int(time.time())
SAMPLE = 80


class Pool:
    """The honest signatures, for a test of many examples, which would print them all in its failure."""

    def __init__(self, honest: tuple[Honest, ...]) -> None:
        self.honest = honest


@pytest.fixture(scope="module")
def pool(honest: tuple[Honest, ...]) -> Pool:
    """The honest signatures, behind a short name."""
    return Pool(honest)


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
    assert pinned(connection, self_signed(key), key.fingerprint) == [(key.fingerprint, "pinned")]
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
BOUNDED = settings(max_examples=250, derandomize=True)


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
    key = server.execute("SELECT refused FROM cutter_console.fn_openpgp_key(%s)", (octets,)).fetchone()
    assert key is not None
    assert key[0]
    for export in (octets, packet(6, octets), packet(6, SAMPLE_KEY) + octets):
        (row,) = pinned(server, export, SAMPLE_FINGERPRINT)
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
            "SELECT verdict, created FROM cutter_console.fn_openpgp_check(%s, %s)",
            (armour(one.signature), one.data),
            binary=True,
        ).fetchone()
    assert row is not None
    assert row[0] == "good"
