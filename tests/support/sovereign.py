"""A sovereign for tests of the database: real keys in a throw-away home, one a worker, and what they sign."""

import atexit
import shutil
import subprocess
from functools import cached_property, lru_cache

import psycopg

from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.model.canonical_json import canonical_json
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent
from tests.support.places import folder_of_tests


class Sovereign:
    """A policy of one signer, and signatures of that signer over any bytes."""

    def __init__(self, keys: DemoKeys) -> None:
        self.keys = keys
        signer = Signer(name="test sovereign", fingerprint=keys.sovereign_fingerprint)
        self.policy = Policy(signers=(signer,), thresholds=Thresholds(SG_1=1, SG_2=1), solo=True, operators=())

    @property
    def fingerprint(self) -> str:
        """Of the one signer."""
        return self.keys.sovereign_fingerprint

    def sign(self, data: bytes, *options: str) -> bytes:
        """A detached signature over these bytes."""
        return self.gpg("--digest-algo", "SHA256", "--detach-sign", *options, data=data)

    def export(self) -> bytes:
        """The signer's public key as gpg exports it."""
        return self._exported

    @cached_property
    def _exported(self) -> bytes:
        return self.gpg("--export-options", "export-minimal", "--export", self.fingerprint)

    def pin_if_none(self, connection: psycopg.Connection) -> None:
        """Pin policy and key where the database has no policy yet."""
        if connection.execute("SELECT count(*) FROM cutter_governance.policy_pin").fetchone() == (0,):
            self.pin(connection)

    def pin(self, connection: psycopg.Connection) -> None:
        """Pin policy and key, as an administrator does."""
        connection.execute(
            "SELECT cutter_console.fn_policy_pin(%b, %b)", (canonical_json(self.policy), [self.export()])
        )

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        """gpg on the home of this sovereign."""
        command = ["gpg", "--homedir", str(self.keys.home), "--no-options", "--batch", "--quiet"]
        return subprocess.run([*command, *arguments], input=data, capture_output=True, check=True).stdout


@lru_cache
def sovereign() -> Sovereign:
    """The sovereign of this worker."""
    return _made()


@lru_cache
def usurper() -> Sovereign:
    """Somebody with a key and without authority."""
    return _made()


def _made() -> Sovereign:
    home = folder_of_tests("sov-")
    keys = create_demo_keys(
        home / "gpg", algorithm="rsa2048"
    )  # The database verifies it five times as fast as Ed25519.

    def close() -> None:
        stop_agent(keys.home)
        stop_agent(keys.elsewhere)
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(close)
    return Sovereign(keys)
