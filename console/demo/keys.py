"""Throw-away keys for the demo: a sovereign who signs and a key for backups, in a marked home."""

import os
from dataclasses import dataclass
from pathlib import Path

from console.backend.host.durable import write_new_file
from console.backend.host.gpg import GpgAnswer, GpgUnanswered, end_agent, run_gpg
from console.backend.model.errors import Refused, StopCode, Unmeasured, UsageError

MARKER = "CUTTER-CONSOLE-DEMO-HOME"
SOVEREIGN_NAME = "Demo Sovereign"
_MARKER_TEXT = "Throw-away keys of a cutter-console demo. Nothing that these keys sign has authority anywhere else.\n"
# A Unix socket's path has at most 107 bytes; gpg's agent fails without saying so if its home leaves no room.
_SOCKET_ROOM = len("/S.gpg-agent.browser.00000000")
_LONGEST_SOCKET = 107
_INSTALL = "Install GnuPG with its agent; on Debian and Ubuntu: apt install gnupg"


@dataclass(frozen=True)
class DemoKeys:
    """A demo's GNUPGHOME and the primary fingerprints of its two keys.

    `elsewhere` is the home of the backup key's private half; it stands for the place, away from the host, where
    backups are opened: `GNUPGHOME=<elsewhere> cutter-console backup prove FILE`.
    """

    home: Path
    elsewhere: Path
    sovereign_fingerprint: str
    backup_fingerprint: str

    def sign_as_demo_sovereign(self, statement: Path) -> Path:
        """Sign a statement's file as the demo sovereign and return the path of the signature."""
        return sign_as_demo_sovereign(statement, self.home)


def create_demo_keys(home: Path, days: int = 30, algorithm: str = "ed25519") -> DemoKeys:
    """Make two homes (0700, must not exist yet) and their keys, which expire after `days` and have no passphrase.

    `home` gets the sovereign's key, of an algorithm that gpg knows by this name, and the public half of the backup key,
    which is made in `<home>-elsewhere`. Raises UsageError for a path too long for the agent's socket, Refused (LOCKED)
    if the home exists, Unmeasured if gpg is missing or fails.
    """
    elsewhere = home.with_name(f"{home.name}-elsewhere")
    for place in (home, elsewhere):
        _make_home(place)
    try:
        sovereign = _make_key(home, f"{SOVEREIGN_NAME} (throw-away demo key)", algorithm, "sign", days)
        # future-default makes a subkey for encryption too, which a key for backups needs.
        backup = _make_key(elsewhere, "Demo Backup (throw-away demo key)", "future-default", "-", days)
        public = elsewhere / "backup-key.asc"
        _gpg(elsewhere, "--armor", "--output", str(public), "--export", backup)
        _gpg(home, "--import", str(public))
    finally:
        stop_agent(home)
        stop_agent(elsewhere)
    return DemoKeys(home=home, elsewhere=elsewhere, sovereign_fingerprint=sovereign, backup_fingerprint=backup)


def _make_home(place: Path) -> None:
    # gpg-agent listens on a socket in its home, and the system limits the path of a socket.
    if len(os.fsencode(place.absolute())) + _SOCKET_ROOM > _LONGEST_SOCKET:
        raise UsageError(StopCode.REFUSED_INPUT, f"{place} is too long for gpg's socket", "Choose a shorter --root.")
    try:
        place.mkdir(mode=0o700)
    except FileExistsError as error:
        raise Refused(StopCode.LOCKED, f"{place} exists already", "A demo makes its own home each time.") from error
    write_new_file(place / MARKER, _MARKER_TEXT.encode("ascii"))


def sign_as_demo_sovereign(statement: Path, home: Path) -> Path:
    """Write `<statement>.demo-sovereign.asc`, a detached signature by the demo sovereign, and return its path.

    Works only in a home that `create_demo_keys` made. Raises Refused (APPROVAL_INVALID) for any other home, and if the
    signature exists already.
    """
    if not (home / MARKER).is_file():
        raise Refused(
            StopCode.APPROVAL_INVALID,
            f"{home} is not the home of a demo; the console signs nothing with real keys",
            "Have the sovereign sign elsewhere, then: cutter-console approval import STATEMENT SIGNATURE…",
        )
    signature = statement.with_name(f"{statement.name}.demo-sovereign.asc")
    if signature.exists():
        raise Refused(StopCode.APPROVAL_INVALID, f"{signature} exists already", "Import it, or move it away.")
    # `=` stands for the whole user id: a part of it could match another key.
    wanted = ["--local-user", f"={SOVEREIGN_NAME} (throw-away demo key)", "--digest-algo", "SHA256", "--detach-sign"]
    try:
        _gpg(home, *wanted, "--armor", "--output", str(signature), "--", str(statement))
    finally:
        stop_agent(home)
    signature.chmod(0o640)
    return signature


def stop_agent(home: Path) -> None:
    """End gpg-agent and its companions of this home, and of no other."""
    if home.is_dir():
        end_agent(home)


def _make_key(home: Path, user_id: str, algorithm: str, usage: str, days: int) -> str:
    unprotected = ["--pinentry-mode", "loopback", "--passphrase", ""]
    made = _gpg(home, *unprotected, "--quick-generate-key", user_id, algorithm, usage, f"{days}d")
    for _, fingerprint, *_ in made.fields_of("KEY_CREATED"):
        return fingerprint
    raise Unmeasured(StopCode.BACKUP_GPG_PUBKEY_MISSING, "gpg reported no new key", "Look at: gpg --version")


def _next(reason: str) -> str:
    """Return the next action: some distributions package gpg without its agent."""
    absent = "not on the PATH" in reason or "agent" in reason.lower()
    return _INSTALL if absent else "Look at: gpg --version"


def _gpg(home: Path, *arguments: str) -> GpgAnswer:
    try:
        return run_gpg(home, "--quiet", *arguments, check=True)
    except GpgUnanswered as error:
        message = f"gpg failed: {error.reason}"
        raise Unmeasured(StopCode.BACKUP_GPG_PUBKEY_MISSING, message, _next(error.reason)) from error
