"""What a verdict on a signature rests upon: hashes, curves and encodings, on every version of PostgreSQL that the machine has."""

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest

from console.backend.host.programs import SERVER_PROGRAMS, installed_programs
from console.backend.postgres.connections import scalar
from tests.backend.postgres.openpgp_cases import SAMPLE_FINGERPRINT, SAMPLE_KEY, Honest, World
from tests.backend.postgres.openpgp_tools import (
    BASE,
    INFINITY,
    SMALL_ORDER,
    L,
    P,
    add,
    armour,
    decode_point,
    ed25519_public,
    ed25519_sign,
    encode_point,
    multiply,
    packets,
    recover_x,
)
from tests.conftest import ClusterOf, Database, fresh_database, of_each_version

MAJORS = sorted({one.major for one in installed_programs() if one.major in range(14, 19) and one.has(SERVER_PROGRAMS)})
"""Every version that the machine has; the mathematics must not depend on how a version divides."""
VECTORS = json.loads((Path(__file__).parent / "ed25519_vectors.json").read_text())
"""RFC 8032 7.1: TEST 1, 2, 3, 1024 and SHA(abc)."""
SAMPLE_SIGNATURE = b"""-----BEGIN PGP SIGNATURE-----

iF4EABYIAAYFAlX5X5UACgkQjP3hIZeWWpr2IgD/VvkMypjiECY3vZg/2xbBMd/S
ftgr9N3lYG4NdWrtM2YBANCcT6EVJ/A44PV/IgHYLy6iyQMyZfps60iehUuuYbQE
=%s
-----END PGP SIGNATURE-----
"""


def _verify(connection: psycopg.Connection, point: bytes | None, message: bytes, signature: bytes | None) -> object:
    return scalar(connection, "SELECT cutter_console.fn_ed25519_verify(%s, %s, %s)", point, message, signature)


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
    assert scalar(computing, "SELECT cutter_console.fn_sha1(%s)", message) == hashlib.sha1(message).digest()


def test_sha1_of_a_long_message(computing: psycopg.Connection) -> None:
    digest = scalar(computing, "SELECT encode(cutter_console.fn_sha1(convert_to(repeat('a', 100000), 'UTF8')), 'hex')")
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
        "SELECT fingerprint, key_id, algorithm, refused FROM cutter_console.fn_openpgp_key(%s)", (SAMPLE_KEY,)
    ).fetchone()
    assert key == (SAMPLE_FINGERPRINT, SAMPLE_FINGERPRINT[-16:], 22, None)
    octets = _dearmoured(SAMPLE_SIGNATURE)
    body = next(packets(octets))[1]
    proof = "SELECT (cutter_console.fn_openpgp_proves(%s, %s, %s)).verdict"
    assert scalar(computing, proof, body, SAMPLE_KEY, b"OpenPGP") == "good"
    assert scalar(computing, proof, body, SAMPLE_KEY, b"openPGP") == "bad signature"
    assert scalar(computing, "SELECT cutter_console.fn_openpgp_dearmour(%s)", armour(octets)) == octets
    crc = armour(octets).splitlines()[-2][1:]
    assert scalar(computing, "SELECT cutter_console.fn_openpgp_dearmour(%s)", SAMPLE_SIGNATURE % crc) == octets


def _dearmoured(block: bytes) -> bytes:
    return b64decode(b"".join(block.splitlines()[2:4]))


def test_signatures_of_all_keys_and_hashes_on_every_version(
    computing: psycopg.Connection, world: World, honest: tuple[Honest, ...]
) -> None:
    proof = "SELECT (cutter_console.fn_openpgp_proves(%s, %s, %s)).verdict"
    for one in honest:
        body = one.parts.body()
        assert scalar(computing, proof, body, one.key.packet, one.data) == "good"
        assert scalar(computing, proof, body, one.key.packet, one.data + b"x") == "bad signature"
    digest = hashlib.sha256(b"").digest()
    assert scalar(computing, "SELECT cutter_console.fn_openpgp_number(%s)", digest) == int.from_bytes(digest, "big")


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
    sound = "SELECT cutter_console.fn_ed25519_sound(%s)"
    assert scalar(server, sound, ed25519_public(b"k" * 32)) is True
    for small in SMALL_ORDER:
        assert scalar(server, sound, encode_point(small)) is False
        if small != INFINITY:
            assert scalar(server, sound, encode_point(add(multiply(5, BASE), small))) is False
