"""OpenPGP in Python, for tests: packets that gpg would never write, signed with the secret halves of keys that gpg made.

Nothing here is safe for real keys; it is written to be compared with, from the RFCs 4880 and 8032 alone.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import gcd, prod
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from console.backend.host.cluster_directory import default_parents
from console.backend.host.gpg import end_agent

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_ROOT = pow(2, (P - 1) // 4, P)

RSA, RSA_SIGN, EDDSA = 1, 3, 22
HASHES = {1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
_DIGEST_INFO = {
    1: "3020300c06082a864886f70d020505000410",
    2: "3021300906052b0e03021a05000414",
    8: "3031300d060960864801650304020105000420",
    9: "3041300d060960864801650304020205000430",
    10: "3051300d060960864801650304020305000440",
    11: "302d300d06096086480165030402040500041c",
}
_ED25519_OID = bytes.fromhex("092b06010401da470f01")
Point = tuple[int, int]
INFINITY: Point = (0, 1)


def recover_x(y: int, odd: int) -> int | None:
    """The x of the point with this y and parity; None where there is none."""
    u, v = (y * y - 1) % P, (_D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * _ROOT % P
    if v * x * x % P != u:
        return None
    return x if x % 2 == odd else (P - x) % P


def add(a: Point, b: Point) -> Point:
    """The sum of two points, by the affine law."""
    (x1, y1), (x2, y2) = a, b
    k = _D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def multiply(n: int, point: Point) -> Point:
    """The n-fold of a point."""
    total, power = (0, 1, 1, 0), (*point, 1, point[0] * point[1] % P)
    while n:
        if n & 1:
            total = _add_extended(total, power)
        power = _add_extended(power, power)
        n >>= 1
    inverse = pow(total[2], -1, P)
    return total[0] * inverse % P, total[1] * inverse % P


_Extended = tuple[int, int, int, int]


def _add_extended(a: _Extended, b: _Extended) -> _Extended:
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    p, q, r, s = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2), 2 * _D * t1 * t2, 2 * z1 * z2
    e, f, g, h = (q - p) % P, (s - r) % P, (s + r) % P, (q + p) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def encode_point(point: Point) -> bytes:
    """The canonical 32 octets of a point."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode_point(octets: bytes) -> Point | None:
    """The point of 32 octets, also of those that are not canonical."""
    number = int.from_bytes(octets, "little")
    x = recover_x(number & (2**255 - 1), number >> 255)
    return None if x is None else (x, (number & (2**255 - 1)) % P)


_BASE_Y = 4 * pow(5, -1, P) % P
_BASE_X = recover_x(_BASE_Y, 0)
assert _BASE_X is not None
BASE: Point = (_BASE_X, _BASE_Y)


def _small_order() -> tuple[Point, ...]:
    for y in range(2, 100):
        x = recover_x(y, 0)
        if x is None:
            continue
        of_small_order = multiply(L, (x, y))
        if len(multiples := {multiply(i, of_small_order) for i in range(8)}) == 8:
            return tuple(sorted(multiples))
    raise AssertionError


SMALL_ORDER: tuple[Point, ...] = _small_order()
"""The eight points that another point's multiple by L can be."""


def _expand(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & ((1 << 254) - 8) | 1 << 254, digest[32:]


@cache
def ed25519_public(seed: bytes) -> bytes:
    """The public key of a seed."""
    return encode_point(multiply(_expand(seed)[0], BASE))


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    """A signature of 64 octets."""
    scalar, prefix = _expand(seed)
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    r = encode_point(multiply(nonce, BASE))
    h = int.from_bytes(hashlib.sha512(r + ed25519_public(seed) + message).digest(), "little")
    return r + ((nonce + h * scalar) % L).to_bytes(32, "little")


def mpi(number: int) -> bytes:
    """A multiprecision integer."""
    return number.bit_length().to_bytes(2, "big") + number.to_bytes((number.bit_length() + 7) // 8, "big")


def read_mpis(octets: bytes) -> tuple[int, ...]:
    """All multiprecision integers in a row."""
    found = []
    while octets:
        size = (int.from_bytes(octets[:2], "big") + 7) // 8
        found.append(int.from_bytes(octets[2 : 2 + size], "big"))
        octets = octets[2 + size :]
    return tuple(found)


def packet(tag: int, body: bytes, form: str = "new") -> bytes:
    """A packet; `form` is `new`, `new2`, `new5`, `old1`, `old2` or `old4`."""
    size = len(body)
    if form.startswith("old"):
        octets = int(form[3:])
        return bytes([0x80 | tag << 2 | {1: 0, 2: 1, 4: 2}[octets]]) + size.to_bytes(octets, "big") + body
    octets = int(form[3:] or (1 if size < 192 else 2 if size < 8384 else 5))
    header = {
        1: lambda: bytes([size]),
        2: lambda: (size - 192 + (192 << 8)).to_bytes(2, "big"),
        5: lambda: b"\xff" + size.to_bytes(4, "big"),
    }
    return bytes([0xC0 | tag]) + header[octets]() + body


def packets(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and body of every packet of a well-formed stream."""
    at = 0
    while at < len(octets):
        head, first = octets[at], octets[at + 1]
        if head & 0x40:
            tag = head & 63
            if first < 192:
                size, begins = first, at + 2
            elif first < 224:
                size, begins = (first - 192) * 256 + octets[at + 2] + 192, at + 3
            else:
                size, begins = int.from_bytes(octets[at + 2 : at + 6], "big"), at + 6
        else:
            tag, width = (head >> 2) & 15, 1 << (head & 3)
            size, begins = int.from_bytes(octets[at + 1 : at + 1 + width], "big"), at + 1 + width
        yield tag, octets[begins : begins + size]
        at = begins + size


def subpacket(kind: int, content: bytes, *, critical: bool = False, octets: int = 0) -> bytes:
    """A signature subpacket, its length in as few octets as it needs, or in 1, 2 or 5."""
    size = len(content) + 1
    octets = octets or (1 if size < 192 else 2 if size < 16320 else 5)
    length = {
        1: lambda: bytes([size]),
        2: lambda: (size - 192 + (192 << 8)).to_bytes(2, "big"),
        5: lambda: b"\xff" + size.to_bytes(4, "big"),
    }
    return length[octets]() + bytes([kind | critical << 7]) + content


def armour(octets: bytes, label: str = "SIGNATURE", headers: str = "", crc: int | None = None) -> bytes:
    """ASCII armour with its checksum."""
    total = 0xB704CE
    for octet in octets:
        total ^= octet << 16
        for _ in range(8):
            total <<= 1
            if total & 0x1000000:
                total ^= 0x1864CFB
    checksum = base64.b64encode((total if crc is None else crc).to_bytes(3, "big")).decode()
    body = base64.b64encode(octets).decode()
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN PGP {label}-----\n{headers}\n{lines}\n={checksum}\n-----END PGP {label}-----\n".encode()


@dataclass(frozen=True)
class Parts:
    """A version 4 signature packet's body, taken apart."""

    version: int
    kind: int
    algorithm: int
    hash_id: int
    hashed: bytes
    unhashed: bytes
    left: bytes
    integers: bytes

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Take a body apart."""
        n = int.from_bytes(body[4:6], "big")
        rest = body[6 + n :]
        m = int.from_bytes(rest[:2], "big")
        version, kind, algorithm, hash_id = body[:4]
        areas = body[6 : 6 + n], rest[2 : 2 + m]
        return cls(version, kind, algorithm, hash_id, *areas, rest[2 + m : 4 + m], rest[4 + m :])

    def body(self) -> bytes:
        """The body again."""
        return self.covered() + len(self.unhashed).to_bytes(2, "big") + self.unhashed + self.left + self.integers

    def covered(self) -> bytes:
        """The octets that the digest covers beside the data and the trailer."""
        head = bytes([self.version, self.kind, self.algorithm, self.hash_id])
        return head + len(self.hashed).to_bytes(2, "big") + self.hashed


@dataclass(frozen=True)
class Key:
    """A version 4 key with its secret half; the packet is the public one's body."""

    packet: bytes
    seed: bytes = field(default=b"", repr=False)
    exponent: int = field(default=0, repr=False)

    @property
    def hashed(self) -> bytes:
        """What a fingerprint, or a signature about the key, covers of it."""
        return b"\x99" + len(self.packet).to_bytes(2, "big") + self.packet

    @property
    def fingerprint(self) -> str:
        """40 upper-case hexadecimal digits."""
        return hashlib.sha1(self.hashed).hexdigest().upper()

    @property
    def created(self) -> int:
        """Seconds since 1970."""
        return int.from_bytes(self.packet[1:5], "big")

    @property
    def algorithm(self) -> int:
        """1, 3 or 22."""
        return self.packet[5]

    @property
    def modulus(self) -> int:
        """n of an RSA key."""
        return read_mpis(self.packet[6:])[0]

    @property
    def point(self) -> bytes:
        """The public point of an Ed25519 key."""
        return self.packet[-32:]

    def raw_rsa(self, encoded: bytes) -> int:
        """The RSA private operation on any encoding."""
        return pow(int.from_bytes(encoded, "big"), self.exponent, self.modulus)

    def integers(self, digest: bytes, hash_id: int) -> bytes:
        """The integers of a signature over a digest."""
        if self.algorithm == EDDSA:
            signature = ed25519_sign(self.seed, digest)
            return b"".join(mpi(int.from_bytes(half, "big")) for half in (signature[:32], signature[32:]))
        return mpi(self.raw_rsa(pkcs1(digest, hash_id, (self.modulus.bit_length() + 7) // 8)))

    def issuer(self) -> bytes:
        """The issuer fingerprint subpacket."""
        return subpacket(33, b"\x04" + bytes.fromhex(self.fingerprint))

    def key_id(self) -> bytes:
        """The issuer key id subpacket."""
        return subpacket(16, bytes.fromhex(self.fingerprint[-16:]))


def pkcs1(digest: bytes, hash_id: int, size: int) -> bytes:
    """EMSA-PKCS1-v1_5."""
    info = bytes.fromhex(_DIGEST_INFO[hash_id]) + digest
    return b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info


def digest_of(parts: Parts, data: bytes) -> bytes:
    """The digest that a signature with these parts is made over."""
    covered = parts.covered()
    trailer = bytes([parts.version, 0xFF]) + len(covered).to_bytes(4, "big")
    return hashlib.new(HASHES[parts.hash_id], data + covered + trailer).digest()


def sign(
    key: Key,
    data: bytes,
    hashed: bytes,
    unhashed: bytes = b"",
    *,
    kind: int = 0,
    hash_id: int = 8,
    algorithm: int = 0,
    version: int = 4,
) -> Parts:
    """A signature that is right, over whatever it says."""
    parts = Parts(version, kind, algorithm or key.algorithm, hash_id, hashed, unhashed, b"", b"")
    digest = digest_of(parts, data)
    return Parts(version, kind, parts.algorithm, hash_id, hashed, unhashed, digest[:2], key.integers(digest, hash_id))


def time_subpacket(kind: int, seconds: int, *, critical: bool = False) -> bytes:
    """A subpacket of four octets: creation (2), expiration (3) or key expiration (9)."""
    return subpacket(kind, seconds.to_bytes(4, "big"), critical=critical)


def ed25519_key(seed: bytes, created: int, point: bytes = b"") -> Key:
    """A key from a seed; `point` gives it another public half."""
    material = _ED25519_OID + b"\x01\x07\x40" + (point or ed25519_public(seed))
    return Key(b"\x04" + created.to_bytes(4, "big") + bytes([EDDSA]) + material, seed=seed)


_SMALL_PRIMES = prod(n for n in range(3, 2000) if all(n % d for d in range(2, 45) if d < n))


def rsa_key(rng: Random, bits: int, e: int, created: int, algorithm: int = RSA) -> Key:
    """A key with a public exponent that gpg would not choose."""

    def prime(size: int) -> int:
        while True:
            p = rng.getrandbits(size) | 3 << (size - 2) | 1
            if p % e != 1 and gcd(p, _SMALL_PRIMES) == 1 and pow(2, p - 1, p) == 1:
                return p

    p, q = prime(bits // 2), prime(bits // 2)
    packet_ = b"\x04" + created.to_bytes(4, "big") + bytes([algorithm]) + mpi(p * q) + mpi(e)
    return Key(packet_, exponent=pow(e, -1, (p - 1) * (q - 1)))


def secret_keys(export: bytes) -> tuple[Key, ...]:
    """All RSA and Ed25519 keys of an export of unprotected secret keys."""
    found = []
    for tag, body in packets(export):
        if tag not in (5, 7) or body[5] not in (RSA, RSA_SIGN, EDDSA):
            continue
        if body[5] == EDDSA:
            public, secret = body[:51], body[52:-2]
            found.append(Key(public, seed=read_mpis(secret)[0].to_bytes(32, "big")))
        else:
            n, e = read_mpis(body[6:])[:2]
            public = body[: 6 + len(mpi(n) + mpi(e))]
            found.append(Key(public, exponent=read_mpis(body[len(public) + 1 : -2])[0]))
    return tuple(found)


def self_signed(
    key: Key,
    user: bytes = b"Made by hand <hand@example.org>",
    *,
    created: int = 0,
    more: bytes = b"",
    flags: int = 3,
    hash_id: int = 8,
) -> bytes:
    """The exported block of a primary key made by hand, with one user id."""
    hashed = time_subpacket(2, created or key.created) + subpacket(27, bytes([flags])) + key.issuer() + more
    about = key.hashed + b"\xb4" + len(user).to_bytes(4, "big") + user
    certification = sign(key, about, hashed, key.key_id(), kind=0x13, hash_id=hash_id)
    return packet(6, key.packet) + packet(13, user) + packet(2, certification.body())


def bound(
    primary: Key,
    subkey: Key,
    *,
    flags: int = 2,
    created: int = 0,
    more: bytes = b"",
    crossed: Key | None = None,
    cross: bool = True,
    hash_id: int = 8,
) -> bytes:
    """A subkey with its binding signature; `crossed` signs the cross-signature in the subkey's place."""
    about, at = primary.hashed + subkey.hashed, created or subkey.created
    back = sign(crossed or subkey, about, time_subpacket(2, at) + subkey.issuer(), kind=0x19).body()
    hashed = time_subpacket(2, at) + subpacket(27, bytes([flags])) + primary.issuer() + more
    hashed += subpacket(32, back) if cross else b""
    binding = sign(primary, about, hashed, primary.key_id(), kind=0x18, hash_id=hash_id)
    return packet(14, subkey.packet) + packet(2, binding.body())


@dataclass(frozen=True)
class GpgVerdict:
    """Status lines of gpg about one signature, read."""

    fingerprint: str
    primary: str
    created: int
    status: tuple[str, ...]

    @property
    def good(self) -> bool:
        """True with a VALIDSIG and a GOODSIG."""
        return bool(self.fingerprint)


class Home:
    """A GNUPGHOME of its own, gone with its agent at the end of the `with` block."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="gpg-", dir=default_parents()[0]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_agent(self.path)
        shutil.rmtree(self.path, ignore_errors=True)

    def gpg(self, *arguments: str, given: bytes = b"", check: bool = True) -> bytes:
        """Run gpg; its standard output."""
        command = ["gpg", "--homedir", str(self.path), "--batch", "--yes", "--quiet", "--no-tty"]
        options = [
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--no-auto-key-retrieve",
            "--trust-model",
            "always",
        ]
        done = subprocess.run([*command, *options, *arguments], input=given, capture_output=True, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def make(self, user: str, algorithm: str, usage: str, *subkeys: tuple[str, str], life: str = "1y") -> str:
        """A key with subkeys; the primary fingerprint."""
        self.gpg("--quick-gen-key", user, algorithm, usage, life)
        listed = self.gpg("--with-colons", "--list-keys", user).decode().splitlines()
        made = next(line.split(":")[9] for line in listed if line.startswith("fpr"))
        for what, purpose in subkeys:
            self.gpg("--quick-add-key", made, what, purpose, life)
        return made

    def export(self, fingerprint: str) -> bytes:
        """The block that an administrator pins."""
        return self.gpg("--export-options", "export-minimal", "--export", fingerprint)

    def secrets(self, fingerprint: str) -> tuple[Key, ...]:
        """The key and its subkeys, with their secret halves."""
        return secret_keys(self.gpg("--export-secret-keys", fingerprint))

    def detach_sign(self, fingerprint: str, data: bytes, *options: str) -> bytes:
        """A detached signature by exactly this key or subkey."""
        return self.gpg("--local-user", f"{fingerprint}!", *options, "--detach-sign", given=data)

    def verify(self, signature: bytes, data: bytes) -> GpgVerdict:
        """gpg's verdict by its status lines."""
        handle, name = tempfile.mkstemp(prefix="sig-", dir=self.path)
        os.write(handle, signature)
        os.close(handle)
        heard = self.gpg("--status-fd", "1", "--verify", name, "-", given=data, check=False)
        Path(name).unlink()
        lines = tuple(
            line[9:] for line in heard.decode("utf-8", "replace").splitlines() if line.startswith("[GNUPG:] ")
        )
        words = [line.split(" ") for line in lines]
        valid = [line for line in words if line[0] == "VALIDSIG"]
        good = len(valid) >= 1 and any(line[0] == "GOODSIG" for line in words)
        if not good:
            return GpgVerdict("", "", 0, lines)
        return GpgVerdict(valid[0][1], valid[0][10], int(valid[0][3]), lines)
