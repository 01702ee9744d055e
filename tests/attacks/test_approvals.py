"""Attacks on the import of a ruling at the console: files that change, that point elsewhere, that look like others'."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.backend.approvals.statement import MAX_STATEMENT_BYTES
from console.backend.model.errors import CutterError, Drifted, Held, Refused, Unmeasured, Waiting
from console.backend.runs import approval_workflow
from console.demo.keys import stop_agent
from tests.support.passage import Passage, fingerprint
from tests.support.sovereign import usurper

At = Callable[[str], Passage]
NOT_TAKEN = (Refused, Waiting, Drifted, Held, Unmeasured)
_IMPORTED = "SELECT statement, signatures FROM cutter_governance.approval"


@pytest.fixture
def desk(at: At) -> Passage:
    """A run that waits for SG_1."""
    return at("waits for SG_1")


def drafted(desk: Passage) -> Path:
    """The statement's file as the console drafts it."""
    return desk.backend.draft_statement(desk.run_id).statement_path


def sign(desk: Passage, statement: Path) -> Path:
    """The sovereign's signature beside it."""
    return desk.backend.sign_as_demo_sovereign(statement)


def imported(desk: Passage) -> list[tuple[bytes, list[bytes]]]:
    """What the database has taken."""
    return [(bytes(row[0]), [bytes(one) for one in row[1]]) for row in desk.rows(_IMPORTED)]  # type: ignore[attr-defined, call-overload]


def refused(desk: Passage, statement: Path, *signatures: Path) -> str:
    """The import is refused and nothing is recorded; the words of the refusal."""
    before = fingerprint(desk)
    with pytest.raises(NOT_TAKEN) as caught:
        desk.backend.import_statement(statement, signatures)
    before.pop("next transaction id")
    after = fingerprint(desk)
    after.pop("next transaction id")
    assert after == before
    return caught.value.message


def test_the_honest_statement_is_imported(desk: Passage) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    desk.backend.import_statement(statement, (signature,))
    assert imported(desk) == [(statement.read_bytes(), [signature.read_bytes()])]


def test_a_statement_that_is_swapped_between_check_and_import_is_imported_as_it_was_checked(
    desk: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are read once: what was checked is what is recorded, whatever lies at the path by then."""
    statement = drafted(desk)
    signature = sign(desk, statement)
    data, signed = statement.read_bytes(), signature.read_bytes()
    honest = approval_workflow.check

    def swap(*arguments: object) -> object:
        checked = honest(*arguments)  # type: ignore[arg-type]
        statement.unlink()
        statement.write_bytes(data.replace(b'"n_units":3', b'"n_units":4'))
        signature.write_bytes(b"x")
        monkeypatch.undo()
        return checked

    monkeypatch.setattr(approval_workflow, "check", swap)
    try:
        desk.backend.import_statement(statement, (signature,))
    except CutterError as error:
        assert error.message  # noqa: PT017
    assert imported(desk) == [(data, [signed])]


def test_a_statement_that_is_swapped_before_the_check_is_refused(desk: Passage) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    data = statement.read_bytes()
    statement.chmod(0o640)
    statement.write_bytes(data.replace(b'"n_units":3', b'"n_units":4'))
    refused(desk, statement, signature)


@pytest.mark.parametrize("place", range(5))
def test_one_byte_of_a_statement_is_enough(desk: Passage, place: int) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    data = bytearray(statement.read_bytes())
    data[len(data) * (place + 1) // 6] ^= 1
    statement.write_bytes(bytes(data))
    refused(desk, statement, signature)


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A home of somebody else, with a key whose user id is the sovereign's and one with a subkey that signs."""
    home = Path(tempfile.mkdtemp(prefix="frn-", dir="/tmp"))
    gpg(home, "--quick-generate-key", "Demo Sovereign (throw-away demo key)", "ed25519", "cert", "30d")
    listed = gpg(home, "--list-keys", "--with-colons").decode()
    primary = next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr"))
    gpg(home, "--quick-add-key", primary, "ed25519", "sign", "30d")
    yield home
    stop_agent(home)
    shutil.rmtree(home, ignore_errors=True)


def gpg(home: Path, *arguments: str, data: bytes = b"") -> bytes:
    """gpg on a home without passphrases."""
    command = ["gpg", "--homedir", str(home), "--no-options", "--batch", "--quiet", "--pinentry-mode", "loopback"]
    done = subprocess.run([*command, "--passphrase", "", *arguments], input=data, capture_output=True, check=True)
    return done.stdout


def known_here(desk: Passage, home: Path) -> None:
    """The host's keyring has the stranger's public key too: that a key is known makes nobody a signer."""
    gpg(desk.installation.gnupg_home, "--import", data=gpg(home, "--export"))


@pytest.mark.parametrize("known", [True, False])
def test_a_key_with_the_sovereigns_user_id_is_not_the_sovereigns(desk: Passage, known: bool) -> None:
    statement = drafted(desk)
    signature = statement.with_name(f"{statement.name}.sovereign.asc")
    signature.write_bytes(usurper().sign(statement.read_bytes()))
    if known:
        gpg(desk.installation.gnupg_home, "--import", data=usurper().export())
    try:
        said = refused(desk, statement, signature)
    finally:
        if known:
            gpg(desk.installation.gnupg_home, "--yes", "--delete-keys", usurper().fingerprint)
    assert "not in the policy" in said or "not in the keyring" in said


def test_a_subkey_of_a_foreign_primary_is_not_the_sovereigns(desk: Passage, foreign: Path) -> None:
    statement = drafted(desk)
    signature = statement.with_name(f"{statement.name}.sovereign.asc")
    signature.write_bytes(gpg(foreign, "--digest-algo", "SHA256", "--detach-sign", data=statement.read_bytes()))
    known_here(desk, foreign)
    listed = gpg(foreign, "--list-keys", "--with-colons").decode()
    primary = next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr"))
    try:
        assert f"key {primary} is not in the policy" in refused(desk, statement, signature)
    finally:
        gpg(desk.installation.gnupg_home, "--yes", "--delete-keys", primary)


BAD: dict[str, Callable[[Passage, Path, Path], object]] = {
    "nothing": lambda _d, _s, path: path.write_bytes(b""),
    "junk": lambda _d, _s, path: path.write_bytes(b"junk"),
    "64 KiB of junk": lambda _d, _s, path: path.write_bytes(b"\x88" * 70000),
    "a stranger's": lambda _d, s, path: path.write_bytes(usurper().sign(s.read_bytes())),
    "one of another statement": lambda _d, _s, path: path.write_bytes(usurper().sign(b"x")),
    "a link into nowhere": lambda _d, _s, path: path.symlink_to("/nowhere"),
    "a link to a secret": lambda d, _s, path: path.symlink_to(d.installation.root / "runs" / d.run_id / "anchor.key"),
    "a folder": lambda _d, _s, path: path.mkdir(),
    "a pipe": lambda _d, _s, path: os.mkfifo(path),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_signature_beside_a_good_one_is_named_and_the_good_one_counts(desk: Passage, how: str) -> None:
    """Whoever can put a file beside a statement cannot stop its import by that."""
    statement = drafted(desk)
    signature = sign(desk, statement)
    bad = statement.with_name(f"{statement.name}.bad.asc")
    BAD[how](desk, statement, bad)
    secret = desk.installation.root / "runs" / desk.run_id / "anchor.key"
    mode = secret.stat().st_mode
    view = desk.backend.import_statement(statement, (bad, signature))
    assert imported(desk) == [(statement.read_bytes(), [signature.read_bytes()])]
    assert [one.outcome.value for one in view.checks if one.name == f"signature.{bad.name}"] == ["FAIL"]
    assert secret.stat().st_mode == mode


@pytest.mark.parametrize("how", BAD)
def test_a_bad_signature_alone_is_none(desk: Passage, how: str) -> None:
    statement = drafted(desk)
    bad = statement.with_name(f"{statement.name}.bad.asc")
    BAD[how](desk, statement, bad)
    assert bad.name in refused(desk, statement, bad)


def test_the_same_signature_in_two_files_counts_once(desk: Passage) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    again = statement.with_name(f"{statement.name}.again.asc")
    shutil.copy(signature, again)
    desk.backend.import_statement(statement, (signature, again))
    assert len(imported(desk)[0][1]) == 1


@pytest.mark.parametrize("where", ["beside", "outside"])
def test_a_statement_behind_a_link_is_refused(desk: Passage, where: str, tmp_path: Path) -> None:
    """Whoever points it elsewhere later has not been looked at."""
    statement = drafted(desk)
    signature = sign(desk, statement)
    target = (statement.parent if where == "beside" else tmp_path) / "elsewhere.json"
    shutil.move(statement, target)  # no rename: it may lie on another file system
    statement.symlink_to(target)
    refused(desk, statement, signature)


def test_a_statement_that_is_no_file_is_refused_without_waiting(desk: Passage, tmp_path: Path) -> None:
    signature = sign(desk, drafted(desk))
    pipe, folder, link = tmp_path / "pipe.json", tmp_path / "folder.json", tmp_path / "link.json"
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to("/dev/zero")
    for path in (pipe, folder, link, Path("/dev/zero"), tmp_path / "nothing.json"):
        refused(desk, path, signature)


@pytest.mark.parametrize("size", [0, 1, MAX_STATEMENT_BYTES + 1, 10_000_000])
def test_a_statement_of_another_size_is_refused(desk: Passage, size: int) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    statement.write_bytes(b" " * size)
    refused(desk, statement, signature)


def test_a_statement_of_a_policy_that_was_swapped_since_is_refused(desk: Passage) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    policy = desk.installation.policy
    policy.chmod(0o640)
    policy.write_bytes(policy.read_bytes().replace(b"demo sovereign", b"another person"))
    refused(desk, statement, signature)


def test_a_policy_that_names_a_stranger_makes_no_ruling(desk: Passage) -> None:
    """The host's policy file is the console's word; the database has its own, which an administrator pinned."""
    policy = desk.installation.policy
    policy.chmod(0o640)
    policy.write_text(policy.read_text().replace(_signer(policy), usurper().fingerprint))
    gpg(desk.installation.gnupg_home, "--import", data=usurper().export())
    try:
        with pytest.raises(NOT_TAKEN):
            _import_of_a_stranger(desk)
    finally:
        gpg(desk.installation.gnupg_home, "--yes", "--delete-keys", usurper().fingerprint)
    assert imported(desk) == []


def _import_of_a_stranger(desk: Passage) -> None:
    statement = drafted(desk)
    signature = statement.with_name(f"{statement.name}.stranger.asc")
    signature.write_bytes(usurper().sign(statement.read_bytes()))
    desk.backend.import_statement(statement, (signature,))


def _signer(policy: Path) -> str:
    return str(json.loads(policy.read_bytes())["signers"][0]["fingerprint"])


def test_the_first_rulings_signature_does_not_sign_the_second(at: At) -> None:
    desk = at("waits for SG_2")
    first = desk.rows("SELECT signatures[1] FROM cutter_governance.approval")[0][0]
    statement = drafted(desk)
    signature = statement.with_name(f"{statement.name}.first.asc")
    signature.write_bytes(bytes(first))  # type: ignore[call-overload]
    refused(desk, statement, signature)


def test_the_first_statement_is_not_imported_again_as_the_second(at: At) -> None:
    desk = at("waits for SG_2")
    second = drafted(desk)
    signature = sign(desk, second)
    row = desk.rows("SELECT statement FROM cutter_governance.approval")[0][0]
    second.write_bytes(bytes(row))  # type: ignore[call-overload]
    refused(desk, second, signature)


def test_a_name_of_another_run_makes_no_statement_of_it(desk: Passage) -> None:
    statement = drafted(desk)
    signature = sign(desk, statement)
    other = statement.with_name("ictr-20260101T000000Z-00000000.SG_1.json")
    shutil.copy(statement, other)
    desk.backend.import_statement(other, (signature,))
    assert desk.rows("SELECT run_id FROM cutter_governance.approval") == [(desk.run_id,)]
