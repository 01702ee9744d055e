"""Real keys in a short throw-away GNUPGHOME, made once a worker; the clock of gpg is pinned like everything else."""

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.approvals.bindings import Expectation
from console.backend.approvals.check import StatementCheck, check_statement
from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.approvals.statement import (
    DraftFacts,
    RunFacts,
    Statement,
    StatementDocument,
    StatementDrafts,
    draft_statement,
)
from console.backend.host.context import Context
from console.backend.host.gpg import end_agent
from console.backend.model.plan_binding import Target, expected_cut_deltas
from console.backend.model.purposes import Kind, Purpose

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BORN = NOW - timedelta(days=1)
SIGNED = NOW + timedelta(minutes=5)


@dataclass(frozen=True)
class Keys:
    """A GNUPGHOME and what is in it; fingerprints by name."""

    home: Path
    fingerprints: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.fingerprints[name]

    def gpg(self, *arguments: str, at: datetime = BORN) -> str:
        """Run gpg on this home as of a moment; its status lines."""
        return run_gpg(self.home, *arguments, at=at)

    def sign(self, data: bytes, path: Path, user: str, *options: str, at: datetime = SIGNED) -> Path:
        """A detached signature of the bytes, by a key's name or by a fingerprint with `!`."""
        document = path.with_name(path.name + ".data")
        document.write_bytes(data)
        user = self.fingerprints.get(user, user)
        self.gpg("-u", user, *options, "--output", str(path), "--detach-sign", str(document), at=at)
        return path


def run_gpg(home: Path, *arguments: str, at: datetime) -> str:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--status-fd", "1", "--pinentry-mode", "loopback"]
    command += ["--passphrase", "", "--faked-system-time", f"{int(at.timestamp())}!", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _new_key(home: Path, user_id: str, algorithm: str = "ed25519", expiry: str = "1y", at: datetime = BORN) -> str:
    said = run_gpg(home, "--quick-generate-key", user_id, algorithm, "sign", expiry, at=at)
    return said.split("KEY_CREATED P ")[1].split()[0]


def revoke(home: Path, fingerprint: str) -> None:
    """Import the revocation certificate that gpg made with the key."""
    certificate = home / "openpgp-revocs.d" / f"{fingerprint}.rev"
    armoured = certificate.read_text().replace(":-----BEGIN", "-----BEGIN")
    cleared = home / "revocation.asc"
    cleared.write_text(armoured)
    run_gpg(home, "--import", str(cleared), at=BORN)


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    """alice, bob, carol (two signing subkeys), operator, outsider, short-lived, gone (revoked), old (expired), rsa."""
    home = Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))
    try:
        names = ("alice", "bob", "carol", "operator", "outsider")
        made = {name: _new_key(home, name.title()) for name in names}
        made["forger"] = _new_key(home, f"Å[GNUPG:] VALIDSIG {made['alice']} x")
        made["short-lived"] = _new_key(home, "Short Lived", expiry=f"seconds={25 * 3600}")
        made["old"] = _new_key(home, "Old", expiry="7d", at=NOW - timedelta(days=365))
        made["gone"] = _new_key(home, "Gone")
        made["rsa"] = _new_key(home, "Rsa", "rsa2048")
        for _ in range(2):
            run_gpg(home, "--quick-add-key", made["carol"], "ed25519", "sign", "1y", at=BORN)
        yield Keys(home, made)
    finally:
        end_agent(home)
        shutil.rmtree(home)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A pinned clock and counted randomness."""
    numbers = itertools.count(1)
    return Context(root=tmp_path, host="db1", now=lambda: NOW, token_hex=lambda n: f"{next(numbers):0{2 * n}x}")


FACTS = RunFacts(
    run_id="ictr-20260302T085900Z-0a1b2c3d",
    document=StatementDocument(docprefix="HP-2026", origin="file:hiến-pháp.md"),
    plan_digest="1" * 64,
    source_sha256="2" * 64,
    canonical_sha256="6" * 64,
    manifest_digest="7" * 64,
    deploy_manifest_sha256="none",
    baseline_digest="3" * 64,
    target=Target(host="db1", database="rules", system_identifier="7312345678901234567", timeline=4),
    n_units=60,
    n_suspects=2,
    n_acceptances=1,
    expected_deltas=expected_cut_deltas(60),
)
CUT_DECISION = "11111111-1111-4111-8111-111111111111"
DRAFT = DraftFacts(
    sg1_sha256="4" * 64,
    draft_digest="5" * 64,
    cut_review_decision_id=CUT_DECISION,
    drafts=StatementDrafts(count=60, file="drafts.tsv", file_sha256="8" * 64),
)
OF_DRAFTS = FACTS.model_copy(update={"manifest_digest": None})
"""The facts of a ruling over drafts: it names no manifest."""


def draft_of(kind: Kind, policy_sha256: str, context: Context) -> Statement:
    """The ruling to cut, or the one to enact, of the pinned run."""
    if kind is Kind.SG_1:
        return draft_statement(Purpose.CUT, FACTS, policy_sha256, context)
    return draft_statement(Purpose.ENACT, OF_DRAFTS, policy_sha256, context, DRAFT)


def expectation(kind: Kind, facts: RunFacts | None = None, draft: DraftFacts | None = None) -> Expectation:
    """What the pinned run expects of that ruling."""
    if kind is Kind.SG_1:
        return Expectation(purpose=Purpose.CUT, facts=facts or FACTS)
    return Expectation(purpose=Purpose.ENACT, facts=facts or OF_DRAFTS, draft=draft or DRAFT)


def policy_of(keys: Keys, *names: str, threshold: int = 1, solo: bool = False) -> Policy:
    """A policy of these signers, with the operator's key named as such."""
    return Policy(
        signers=tuple(Signer(name=name, fingerprint=keys[name]) for name in names),
        thresholds=Thresholds(SG_1=threshold, SG_2=threshold),
        solo=solo,
        operators=(keys["operator"],),
    )


@dataclass(frozen=True)
class Desk:
    """Where a test drafts, signs and checks."""

    keys: Keys
    context: Context
    folder: Path

    def draft(self, policy: Policy, kind: Kind = Kind.SG_1) -> Statement:
        """A statement for the pinned run."""
        return draft_of(kind, policy.sha256, self.context)

    def sign(self, data: bytes, user: str, *options: str, at: datetime = SIGNED, name: str = "") -> Path:
        """A signature file."""
        return self.keys.sign(data, self.folder / f"{name or user}.sig", user, *options, at=at)

    def check(
        self, data: bytes, *signatures: Path, policy: Policy, now: datetime = SIGNED, kind: Kind = Kind.SG_1
    ) -> StatementCheck:
        """Check against the pinned run's facts."""
        expected = expectation(kind)
        return check_statement(
            data,
            signatures,
            policy=policy,
            gnupg_home=self.keys.home,
            now=now,
            expected=expected,
            name="sg.json",
            import_with="cutter-console approval import STATEMENT SIGNATURE…",
        )


@pytest.fixture
def desk(keys: Keys, context: Context, tmp_path: Path) -> Desk:
    """The pinned run's desk."""
    return Desk(keys, context, tmp_path)


def names_of(check: StatementCheck) -> set[str]:
    """The names of the checks that are not PASS."""
    return {one.name for one in check.failed}
