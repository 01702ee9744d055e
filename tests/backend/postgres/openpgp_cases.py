"""Signatures to be judged by two: as gpg made them, mutated, and odd ones that are signed rightly."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random

from tests.backend.postgres.openpgp_tools import (
    EDDSA,
    RSA,
    SMALL_ORDER,
    Home,
    Key,
    L,
    P,
    Parts,
    armour,
    bound,
    digest_of,
    ed25519_key,
    encode_point,
    mpi,
    packet,
    packets,
    pkcs1,
    read_mpis,
    rsa_key,
    self_signed,
    sign,
    subpacket,
    time_subpacket,
)

Mutation = Callable[[Random, "Honest"], tuple[str, bytes, bytes]]
# RFC 9580 A.1 and A.2: a key, and its signature of the word OpenPGP.
SAMPLE_KEY = bytes.fromhex(
    "0453f35f0b16092b06010401da470f010107403f098994bdd916ed4053197934e4a87c80733a1280d62f8010992e43ee3b2406"
)
SAMPLE_FINGERPRINT = "C959BDBAFA32A2F89A153B678CFDE12197965A9A"


@dataclass(frozen=True)
class Honest:
    """A signature that gpg made, with the data and the key."""

    key: Key
    data: bytes
    signature: bytes

    @property
    def parts(self) -> Parts:
        """The signature taken apart."""
        return Parts.of(next(packets(self.signature))[1])


@dataclass(frozen=True)
class Case:
    """One signature to be judged, and the class of what is odd about it."""

    group: str
    label: str
    signature: bytes
    data: bytes


@dataclass(frozen=True)
class World:
    """Keys, one home that has the secret ones, and one that has only what is pinned."""

    signing: Home
    verifying: Home
    keys: tuple[Key, ...]
    """Keys that may sign, by the export of their primary keys."""
    unusable: tuple[Key, ...]
    """Keys that are there but may not sign: one that only certifies, and subkeys with a defect."""
    stranger: Key
    """A key that neither side has."""
    exports: tuple[tuple[str, bytes], ...]
    """Primary fingerprints and what is pinned for them."""


@contextmanager
def a_world(rng: Random, *, small: bool = False) -> Iterator[World]:
    """Make the keys; `small` leaves out the RSA keys that take longest to make."""
    with Home() as signing, Home() as verifying:
        made = [
            signing.make(
                "one@example.org", "ed25519", "cert,sign", ("ed25519", "sign"), ("rsa2048", "sign"), ("cv25519", "encr")
            ),
            signing.make("two@example.org", "rsa2048", "cert", ("ed25519", "sign")),
            signing.make("three@example.org", "rsa3072", "sign"),
        ]
        if not small:
            made.append(signing.make("four@example.org", "rsa4096", "sign"))
        secrets = [signing.secrets(one) for one in made]
        now = secrets[0][0].created
        by_hand = rsa_key(rng, 2048, 3, now - 1000)
        handy = ed25519_key(rng.randbytes(32), now - 900)
        uncrossed, expired = (ed25519_key(rng.randbytes(32), now - age) for age in (800, 700))
        block = self_signed(by_hand) + bound(by_hand, handy) + bound(by_hand, uncrossed, cross=False)
        block += bound(by_hand, expired, more=time_subpacket(9, 60))
        exports = [(one, signing.export(one)) for one in made] + [(by_hand.fingerprint, block)]
        for _, export in exports:
            verifying.gpg("--import", given=export)
        usable = [key for keys in secrets for key in keys if key is not secrets[1][0]]
        yield World(
            signing,
            verifying,
            (*usable, by_hand, handy),
            (secrets[1][0], uncrossed, expired),
            ed25519_key(rng.randbytes(32), now - 600),
            tuple(exports),
        )


# Mutations of what gpg made. Each takes an honest binary signature and returns a class, a signature and the data.


def _flip(rng: Random, octets: bytes) -> bytes:
    if not octets:
        return bytes([rng.randrange(256)])
    at = rng.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ 1 << rng.randrange(8)]) + octets[at + 1 :]


def _again(honest: Honest, parts: Parts, group: str) -> tuple[str, bytes, bytes]:
    return group, packet(2, parts.body()), honest.data


def _header_form(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    body = honest.parts.body()
    forms = ["new5", "old2", "old4", "old1" if len(body) < 256 else "new2" if 192 <= len(body) < 8384 else "new5"]
    return "same", packet(2, body, rng.choice(forms)), honest.data


def _header_broken(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    body = honest.parts.body()
    size = len(body)
    return (
        "header",
        rng.choice(
            [
                b"\x8b" + body,
                b"\xc2\xe9" + body,
                b"\x89" + (size + rng.choice([-1, 1, 2, 40])).to_bytes(2, "big") + body,
                b"\xc2\xff" + (size + rng.choice([-2, 1, 2**31, 2**32 - 1 - size])).to_bytes(4, "big") + body,
                packet(rng.choice([1, 3, 4, 6, 8, 10, 11, 13, 14, 18]), body),
                b"\xc2",
                b"\xc2\xff\x00",
                b"\x89\x01",
                b"\xc2\x00",
            ]
        ),
        honest.data,
    )


def _fixed_octets(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    at, group, values = rng.choice(
        [
            (0, "old version", [2, 3, 5, 6, 0, 255]),
            (1, "type", [1, 2, 0x10, 0x13, 0x18, 0x19, 0x1F, 0x40, 0x50, 0xFF]),
            (2, "algorithm", [0, 1, 2, 3, 16, 17, 18, 19, 22, 27, 100, 255]),
            (3, "hash", [0, 1, 2, 3, 8, 9, 10, 11, 12, 14, 255]),
        ]
    )
    body = bytearray(honest.parts.body())
    body[at] = rng.choice([one for one in values if one != body[at]])
    return group, packet(2, bytes(body)), honest.data


def _hashed_area(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    parts = honest.parts
    area = parts.hashed
    return _again(
        honest,
        replace(
            parts,
            hashed=rng.choice(
                [
                    _flip(rng, area),
                    area + subpacket(rng.randrange(128), b"x"),
                    area + area,
                    area[:-1],
                    b"",
                    area[6:] + area[:6],
                ]
            ),
        ),
        "hashed area",
    )


def _unhashed_area(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    parts = honest.parts
    area = parts.unhashed
    group, unhashed = rng.choice(
        [
            ("issuer", _flip(rng, area)),
            ("same", area + subpacket(20, b"\x80\0\0\0\0\x03\0\x01a@bc")),
            ("same", b""),
            ("same", area + subpacket(100 + rng.randrange(10), rng.randbytes(rng.choice([0, 1, 200, 9000])))),
            ("same", subpacket(2, bytes(4)) + subpacket(3, b"\0\0\0\x01") + area),
            ("critical subpacket", area + subpacket(rng.randrange(128), rng.randbytes(8), critical=True)),
            ("issuer", subpacket(16, rng.randbytes(8))),
            ("repeated subpacket", area + area),
            ("issuer", subpacket(33, b"\x04" + rng.randbytes(20)) + area),
            ("same", area + subpacket(33, b"\x04" + bytes.fromhex(honest.key.fingerprint))),
            ("subpacket length", subpacket(16, honest.key.key_id()[2:] + b"x")),
            ("empty subpacket", area + b"\0"),
            ("cut short", area + b"\x05ab"),
            ("too long", area + subpacket(101, bytes(10000))),
        ]
    )
    return _again(honest, replace(parts, unhashed=unhashed), group)


def _left_bits(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    return _again(honest, replace(honest.parts, left=_flip(rng, honest.parts.left)), "left 16 bits")


def _integers(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    parts = honest.parts
    numbers = read_mpis(parts.integers)
    first = mpi(numbers[0])
    bits = numbers[0].bit_length()
    more = b"".join(map(mpi, numbers[1:]))
    room = (bits + 7) // 8 * 8
    group, integers = rng.choice(
        [
            ("integer", first[:2] + _flip(rng, first[2:]) + more),
            ("integer", first + more[:2] + _flip(rng, more[2:]))
            if more
            else ("octets after the integers", first + b"\0"),
            ("same", rng.randint(room - 7, room).to_bytes(2, "big") + first[2:] + more),
            ("integer", (bits + rng.choice([8, 9, -8, -9, 64])).to_bytes(2, "big") + first[2:] + more),
            ("integer", b"\0\0" + more),
            ("integer", b"\xff\xff" + first[2:] + more),
            ("integer", first if more else first[:-2]),
            ("integer", first[:-1]),
            ("integer", b""),
            ("octets after the integers", first + more + rng.randbytes(rng.choice([1, 2, 40]))),
            ("octets after the integers", first + more + first),
            ("leading zeros", (room + 8).to_bytes(2, "big") + b"\0" + first[2:] + more),
            ("leading zeros", (room + 160).to_bytes(2, "big") + bytes(20) + first[2:] + more),
        ]
    )
    return _again(honest, replace(parts, integers=integers), group)


def _values(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    parts = honest.parts
    numbers = read_mpis(parts.integers)
    if honest.key.algorithm != EDDSA:
        n, s = honest.key.modulus, numbers[0]
        group, s = rng.choice(
            [
                ("large s", s + n),
                ("integer", n - s),
                ("integer", 1),
                ("integer", n),
                ("integer", n - 1),
                ("integer", n + 1),
            ]
        )
        return _again(honest, replace(parts, integers=mpi(s)), group)
    r, s = numbers
    little = int.from_bytes(s.to_bytes(32, "big"), "little")

    def big(number: int) -> int:
        return int.from_bytes((number % 2**256).to_bytes(32, "little"), "big")

    tiny = int.from_bytes(encode_point(rng.choice(SMALL_ORDER)), "big")
    group, r, s = rng.choice(
        [
            ("large s", r, big(little + L)),
            ("large s", r, big(little + 8 * L)),
            ("integer", r, big(L)),
            ("integer", r, big(0)),
            ("integer", tiny, s),
            ("integer", tiny, big(0)),
            ("integer", r, big(L - little)),
            ("integer", big(P + rng.randrange(19)), s),
            ("integer", r ^ 0x80, s),
            ("integer", s, r),
            ("integer", 2**256 + r, s),
        ]
    )
    return _again(honest, replace(parts, integers=mpi(r) + mpi(s)), group)


def _data(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    data = honest.data
    changed = rng.choice(
        [_flip(rng, data), data + b"\n", data + b"\0", data[:-1] if data else b"x", data + honest.parts.covered()]
    )
    return "data", honest.signature, changed


def _stream(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    whole = honest.signature
    group, signature = rng.choice(
        [
            ("truncated", whole[: rng.randrange(len(whole))]),
            ("several packets", whole + bytes([rng.randrange(256)])),
            ("several packets", whole + whole),
            ("several packets", whole + packet(10, b"PGP")),
            ("several packets", packet(10, b"PGP") + whole),
            ("several packets", packet(61, b"private") + whole),
            ("several packets", packet(11, b"b\0\0\0\0\0" + honest.data) + whole),
            ("several packets", whole + packet(13, b"a user")),
            ("several packets", whole + packet(2, _flip(rng, honest.parts.body()))),
            ("noise", rng.randbytes(rng.randrange(1, 400))),
            ("noise", b"\x88" + rng.randbytes(rng.randrange(1, 400))),
        ]
    )
    return group, signature, honest.data


def _armoured(rng: Random, honest: Honest) -> tuple[str, bytes, bytes]:
    good = armour(honest.signature)
    text = good.decode()
    lines = text.splitlines(keepends=True)
    middle = text.index("\n\n") + 2 + rng.randrange(20)
    group, block = rng.choice(
        [
            ("same", good),
            (
                "same",
                armour(honest.signature, headers="Version: something 1.0\nComment: of ünusual words\nCharset: utf-8\n"),
            ),
            ("same", armour(honest.signature, headers="Comment:\n")),
            ("same", text.replace("\n", "\r\n").encode()),
            ("same", b"\n\n" + good + b"\n \n"),
            ("same", text.replace("\n", " \n").encode()),
            ("armour", armour(honest.signature, crc=rng.randrange(1 << 24))),
            ("armour", "".join(line for line in lines if line[0] != "=").encode()),
            ("armour", b"Hello,\n" + good),
            ("armour", good + b"and goodbye\n"),
            ("armour", good + good),
            (
                "armour",
                armour(
                    honest.signature,
                    label=rng.choice(["MESSAGE", "PUBLIC KEY BLOCK", "SIGNED MESSAGE", "ARMORED FILE"]),
                ),
            ),
            ("armour", armour(honest.signature, headers="no colon here\n")),
            ("armour", armour(honest.signature, headers="Nospace:here\n")),
            ("armour", text.replace("\n\n", "\n", 1).encode()),
            ("armour", (text[:middle] + rng.choice("*!-_=\0é") + text[middle:]).encode()),
            ("armour", (text[:middle] + "\n\n" + text[middle:]).encode()),
            ("armour", good[: rng.randrange(len(good))]),
            ("armour", good[:-5]),
            ("armour", _flip(rng, good)),
            ("armour", armour(honest.signature + honest.signature)),
            ("armour", b"-" + good),
            ("armour", good.replace(b"BEGIN PGP SIGNATURE", b"BEGIN PGP SIGNED MESSAGE")),
        ]
    )
    return group, block, honest.data


def _wrong_key(rng: Random, honest: Honest, others: tuple[Key, ...]) -> tuple[str, bytes, bytes]:
    other = rng.choice(others)
    mine, theirs = (bytes.fromhex(key.fingerprint) for key in (honest.key, other))
    parts = honest.parts
    swapped = replace(
        parts,
        hashed=parts.hashed.replace(mine, theirs) if rng.random() < 0.5 else parts.hashed,
        unhashed=parts.unhashed.replace(mine[-8:], theirs[-8:]),
    )
    return _again(honest, swapped, "issuer")


RAW: tuple[Mutation, ...] = (
    _header_form,
    _header_broken,
    _fixed_octets,
    _hashed_area,
    _unhashed_area,
    _left_bits,
    _integers,
    _values,
    _data,
    _stream,
    _armoured,
)


# Odd signatures that are signed rightly: what only the holder of a key can make, and nobody can by mutation.


def odd(rng: Random, world: World) -> Case:
    """One signature that says something odd, made with the secret key."""
    key, now = rng.choice(world.keys), int(time.time())
    born = time_subpacket(2, now)
    made = Material(rng, world, key, rng.randbytes(rng.randrange(60)), now, born, born + key.issuer())
    group, label, parts = rng.choice(_ODD)(made)
    return Case(group, label, packet(2, parts.body()), made.data)


@dataclass(frozen=True)
class Material:
    """Materials of an odd signature."""

    rng: Random
    world: World
    key: Key
    data: bytes
    now: int
    born: bytes
    """The subpacket of the creation time, now."""
    head: bytes
    """The same and the issuer's fingerprint: the hashed area of an ordinary signature."""


Odd = Callable[[Material], tuple[str, str, Parts]]


def _odd_plain(m: Material) -> tuple[str, str, Parts]:
    return "signed by hand", "plain", sign(m.key, m.data, m.head, m.key.key_id(), hash_id=m.rng.choice([8, 9, 10]))


def _odd_hash(m: Material) -> tuple[str, str, Parts]:
    hash_id = m.rng.choice([1, 2, 11])
    return "hash", f"hash {hash_id}", sign(m.key, m.data, m.head, hash_id=hash_id)


def _odd_type(m: Material) -> tuple[str, str, Parts]:
    kind = m.rng.choice([1, 2, 0x10, 0x13, 0x18, 0x19, 0x1F, 0x30, 0x40, 0x50])
    return "type", f"type {kind}", sign(m.key, m.data, m.head, kind=kind)


def _odd_algorithm(m: Material) -> tuple[str, str, Parts]:
    rsa = next(one for one in m.world.keys if one.algorithm == RSA)
    return "RSA algorithm", "3 for 1", sign(rsa, m.data, m.born + rsa.issuer(), algorithm=3)


def _odd_version(m: Material) -> tuple[str, str, Parts]:
    version = m.rng.choice([3, 5, 6])
    return "old version", f"version {version}", sign(m.key, m.data, m.head, version=version)


def _odd_critical(m: Material) -> tuple[str, str, Parts]:
    kind = m.rng.randrange(128)
    extra = subpacket(
        kind, m.rng.choice([b"", b"\0", b"\0" * 4, b"\x01" * 8, b"\x80\0\0\0\0\x03\0\x01a@bc"]), critical=True
    )
    hashed = m.rng.random() < 0.5
    group = (
        "repeated subpacket"
        if kind in (2, 33) and hashed
        else "subpacket length"
        if kind in (3, 9, 16, 33, 27)
        else "critical subpacket"
    )
    return (
        group,
        f"critical {kind}, hashed {hashed}",
        sign(m.key, m.data, m.head + extra * hashed, extra * (not hashed)),
    )


def _odd_known_critical(m: Material) -> tuple[str, str, Parts]:
    issuer = m.key.issuer()
    hashed = time_subpacket(2, m.now, critical=True) + time_subpacket(3, 86400, critical=True)
    hashed += issuer[:1] + bytes([issuer[1] | 0x80]) + issuer[2:]
    return "critical and judged", "2, 3, 33", sign(m.key, m.data, hashed, m.key.key_id())


def _odd_creation(m: Material) -> tuple[str, str, Parts]:
    group, label, hashed = m.rng.choice(
        [
            ("creation", "none", b""),
            ("creation", "only unhashed", b""),
            ("creation", "before the key", time_subpacket(2, m.key.created - 1)),
            ("creation", "with the key", time_subpacket(2, m.key.created)),
            ("creation", "in the future", time_subpacket(2, m.now + 86400)),
            ("creation", "zero", time_subpacket(2, 0)),
            ("creation", "the last", time_subpacket(2, 2**32 - 1)),
            ("subpacket length", "three octets", subpacket(2, m.born[2:5])),
            ("subpacket length", "five octets", subpacket(2, m.born[2:] + b"\0")),
            ("repeated subpacket", "twice", m.born + time_subpacket(2, m.now - 60)),
        ]
    )
    unhashed = m.born if label == "only unhashed" else b""
    return group, f"creation: {label}", sign(m.key, m.data, hashed + m.key.issuer(), unhashed)


def _odd_expiry(m: Material) -> tuple[str, str, Parts]:
    old = time_subpacket(2, m.key.created + 1) + m.key.issuer()
    group, label, hashed = m.rng.choice(
        [
            ("expiration", "in a day", m.head + time_subpacket(3, 86400)),
            ("expiration", "zero", m.head + time_subpacket(3, 0)),
            ("expiration", "past", old + time_subpacket(3, 1)),
            ("expiration", "past 32 bits", m.head + time_subpacket(3, 2**32 - 1)),
            ("expiration of 2^32", "exactly 2^32", m.head + time_subpacket(3, 2**32 - m.now)),
            ("expiration", "the last second", m.head + time_subpacket(3, 2**32 - m.now - 1)),
            ("subpacket length", "three octets", m.head + subpacket(3, b"\0\0\1")),
            ("repeated subpacket", "twice", old + time_subpacket(3, 1) + time_subpacket(3, 0)),
            ("repeated subpacket", "twice", old + time_subpacket(3, 86400) + time_subpacket(3, 1)),
        ]
    )
    return group, f"expiration: {label}", sign(m.key, m.data, hashed)


def _odd_issuer(m: Material) -> tuple[str, str, Parts]:
    other = m.rng.choice([one for one in (*m.world.keys, *m.world.unusable, m.world.stranger) if one is not m.key])
    label, hashed, unhashed = m.rng.choice(
        [
            ("none", m.born, b""),
            ("only key id, unhashed", m.born, m.key.key_id()),
            ("only key id, hashed", m.born + m.key.key_id(), b""),
            ("only fingerprint, unhashed", m.born, m.key.issuer()),
            ("both, unhashed", m.born, m.key.issuer() + m.key.key_id()),
            ("another fingerprint", m.born + other.issuer(), m.key.key_id()),
            ("another fingerprint, unhashed", m.born, other.issuer() + m.key.key_id()),
            ("another key id", m.head, other.key_id()),
            ("another key id, hashed", m.head + other.key_id(), b""),
            ("two key ids", m.head + m.key.key_id(), other.key_id()),
            ("two key ids, reversed", m.head + other.key_id(), m.key.key_id()),
            ("another key id alone", m.born, other.key_id()),
            ("a short fingerprint", m.born + subpacket(33, b"\x04" + bytes(19)), m.key.key_id()),
            ("a long fingerprint", m.born + subpacket(33, b"\x05" + bytes(32)), m.key.key_id()),
            (
                "another version's fingerprint",
                m.born + subpacket(33, b"\x05" + bytes.fromhex(m.key.fingerprint)),
                m.key.key_id(),
            ),
            ("twice", m.head + other.issuer(), b""),
            ("zero key id", m.head, subpacket(16, bytes(8))),
        ]
    )
    return "issuer", f"issuer: {label}", sign(m.key, m.data, hashed, unhashed)


def _odd_encoding(m: Material) -> tuple[str, str, Parts]:
    octets = m.rng.choice([1, 2, 5])
    notation = subpacket(
        20, b"\x80\0\0\0\0\x03" + (200).to_bytes(2, "big") + b"a@b" + b"x" * 200, octets=0 if octets == 1 else octets
    )
    group, label, hashed = m.rng.choice(
        [
            ("same", "issuer first", m.key.issuer() + m.born),
            ("same", "long lengths", subpacket(2, m.born[2:], octets=5) + subpacket(33, m.key.issuer()[2:], octets=5)),
            ("same", "a notation", m.head + notation),
            (
                "same",
                "other subpackets",
                m.head + subpacket(26, b"https://example.org") + subpacket(28, b"me@example.org"),
            ),
            ("empty subpacket", "an empty subpacket", b"\0" + m.head),
            ("empty subpacket", "an empty subpacket at the end", m.head + b"\0"),
            ("empty subpacket", "an empty subpacket before a critical type", m.head + b"\0\xff"),
            ("cut short", "a subpacket that is cut short", m.head + b"\x05\x14a"),
            ("cut short", "a length that is cut short", m.head + b"\xff\0\0"),
            ("cut short", "a length that is cut short", m.head + b"\xc1"),
            ("cut short", "a huge length", m.head + b"\xff\xff\xff\xff\xff\x14"),
            ("same", "an embedded signature", m.head + subpacket(32, b"\x04\x19\x01\x08")),
            ("too long", "10,000 octets", m.head + subpacket(101, bytes(10000 - len(m.head) - 6), octets=5)),
            ("too long", "10,001 octets", m.head + subpacket(101, bytes(10001 - len(m.head) - 6), octets=5)),
        ]
    )
    return group, f"areas: {label}", sign(m.key, m.data, hashed, m.key.key_id())


def _odd_unhashed_size(m: Material) -> tuple[str, str, Parts]:
    size = m.rng.choice([10000, 10001])
    return (
        "too long",
        f"unhashed area of {size}",
        sign(m.key, m.data, m.head, subpacket(101, bytes(size - 6), octets=5)),
    )


def _odd_key(m: Material) -> tuple[str, str, Parts]:
    other = m.rng.choice([*m.world.unusable, m.world.stranger])
    return "key", f"key {other.fingerprint}", sign(other, m.data, m.born + other.issuer(), other.key_id())


def _odd_rsa(m: Material) -> tuple[str, str, Parts]:
    """PKCS#1 v1.5 encodings that a lax parser accepts: made with the secret key, or for e = 3 by a cube root without it."""
    rsa = m.rng.choice([one for one in m.world.keys if one.algorithm == RSA])
    size = (rsa.modulus.bit_length() + 7) // 8
    hash_id = m.rng.choice([8, 9, 10])
    bare = Parts(4, 0, RSA, hash_id, m.born + rsa.issuer(), rsa.key_id(), b"", b"")
    digest = digest_of(bare, m.data)
    whole = pkcs1(digest, hash_id, size)
    info = whole[whole.index(b"\0", 2) + 1 :]
    no_null = bytes([info[0], info[1] - 2, info[2], info[3] - 2]) + info[4 : 4 + info[3] - 2] + info[6 + info[3] - 2 :]
    cube = next(one for one in m.world.keys if one.algorithm == RSA and read_mpis(one.packet[6:])[1] == 3)

    def padded(tail: bytes, head_: bytes = b"\0\1", fill: bytes = b"\xff") -> bytes:
        return head_ + fill * (size - 3 - len(tail)) + b"\0" + tail

    choices: list[tuple[str, bytes]] = [
        ("garbage behind the digest", b"\0\1" + b"\xff" * 8 + b"\0" + info + m.rng.randbytes(size - 11 - len(info))),
        ("no parameters", padded(no_null)),
        ("digest alone", padded(digest)),
        ("block type 2", padded(info, b"\0\2")),
        ("block type 0", padded(info, b"\0\0", b"\0")),
        ("another filling", padded(info, fill=b"\xfe")),
        ("a long length", padded(b"\x30\x81" + bytes([info[1]]) + info[2:])),
        ("another algorithm's prefix", pkcs1(digest, 18 - hash_id if hash_id != 9 else 8, size)),
        (
            "garbage in the parameters",
            padded(
                bytes([info[0], info[1] + 3, info[2], info[3] + 3])
                + info[4 : 2 + 2 + info[3] - 1]
                + b"\x03abc"
                + info[4 + info[3] :]
            ),
        ),
        ("one octet short", b"\0\1" + whole[3:] + b"\0"),
    ]
    label, encoded = m.rng.choice(choices)
    signature = rsa.raw_rsa(encoded)
    if m.rng.random() < 0.4:
        # A digest longer than SHA-256 leaves no room for the root's error in 2048 bits.
        rsa, label, hash_id = cube, "a cube root", 8
        size = (rsa.modulus.bit_length() + 7) // 8
        bare = replace(bare, hash_id=hash_id, hashed=m.born + rsa.issuer(), unhashed=rsa.key_id())
        digest = digest_of(bare, m.data)
        info = pkcs1(digest, hash_id, size)
        start = b"\0\1" + b"\xff" * m.rng.choice([1, 8]) + b"\0" + info[info.index(b"\0", 2) + 1 :]
        signature = _cube_root(int.from_bytes(start + b"\xff" * (size - len(start)), "big"))
        assert (signature**3).to_bytes(size, "big").startswith(start)
    return "encoding", f"RSA: {label}", replace(bare, left=digest[:2], integers=mpi(signature))


def _cube_root(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


_ODD: tuple[Odd, ...] = (
    _odd_plain,
    _odd_hash,
    _odd_type,
    _odd_algorithm,
    _odd_version,
    _odd_critical,
    _odd_known_critical,
    _odd_creation,
    _odd_expiry,
    _odd_issuer,
    _odd_encoding,
    _odd_unhashed_size,
    _odd_key,
    _odd_rsa,
)
SIZES = (0, 1, 2, 55, 64, 119, 1000, 65536, 300_000)


def make_honest(rng: Random, world: World, count: int) -> Iterator[Honest]:
    """Signatures that gpg made; every key and every hash has its turn."""
    have = [one for one in world.keys if any(one.packet in export for _, export in world.exports[:-1])]
    for i in range(count):
        key, digest = have[i % len(have)], ("SHA256", "SHA384", "SHA512")[i // len(have) % 3]
        data = rng.randbytes(rng.choice(SIZES))
        yield Honest(key, data, world.signing.detach_sign(key.fingerprint, data, "--digest-algo", digest))


def cases(rng: Random, world: World, count: int) -> Iterator[Case]:
    """Half of them as gpg made them, a quarter mutated, a quarter odd and signed."""
    pool: list[Honest] = []
    for honest in make_honest(rng, world, (count + 1) // 2):
        pool.append(honest)
        block = armour(honest.signature) if rng.random() < 0.3 else honest.signature
        yield Case("honest", f"{len(honest.data)} octets", block, honest.data)
    for i in range(count // 2):
        if i % 2:
            yield odd(rng, world)
            continue
        honest = rng.choice(pool)
        mutation = rng.choice(RAW) if i % 20 else None
        if mutation is None:
            group, signature, data = _wrong_key(rng, honest, (*world.keys, *world.unusable, world.stranger))
            label = "wrong key"
        else:
            group, signature, data = mutation(rng, honest)
            label = mutation.__name__.strip("_")
        yield Case(group, label, signature, data)
