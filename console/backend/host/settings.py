"""Settings: command line over environment over file over default. They name secrets and never hold them."""

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from pydantic import Field, ValidationError, field_validator

from console.backend.host.json_lines import lines_of_keys
from console.backend.host.regular_file import read_regular
from console.backend.model.console_schema import CONSOLE_SCHEMA
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.hook_kinds import HookKind
from console.backend.model.safe_text import safe_text
from console.backend.model.unreadable import why_unreadable
from console.backend.model.value import Value

CONFIG_NAME = "orchestrator.config.json"
_SECRETS = ("password", "client_secret")
"""Parts of the names of libpq's parameters that hold a secret."""


class DatabaseSettings(Value):
    """libpq connection strings, one per role; a service name (`service=cutter_exec`) is enough. No passwords."""

    executor: str = "service=cutter_exec"
    """Connects as cutter_exec: runs cuts."""
    verifier: str = "service=cutter_verify"
    """Connects as cutter_verify: verifies, imports approvals, reads for the backup; must not execute."""
    monitor: str = "service=cutter_ro"
    """Connects as cutter_ro: everything that the read-only console shows."""
    administrator: str = "service=cutter_admin"
    """Used by `migrate` alone."""
    stopper: str = ""
    """Connects as cutter_stop, which may set a HOLD and nothing else: the stop of a read-only console. Empty: none."""

    @field_validator("executor", "verifier", "monitor", "administrator", "stopper")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        # libpq decodes the names of a URI's parameters too: `%70assword` is `password`.
        if any(word in unquote(value).lower() for word in _SECRETS) or "@" in value:
            raise ValueError("holds a password or a URL: name a libpq service, and keep the password in ~/.pgpass")
        return value


class LimitSettings(Value):
    """Limits of a document; one that exceeds them is refused as a whole, never truncated."""

    max_units: int = Field(default=100_000, ge=1)
    max_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    max_line_bytes: int = Field(default=1024 * 1024, ge=1)
    profile_seconds: int = Field(default=60, ge=1, le=3600)
    """Time for planning one document by a profile of the folder `profiles`."""


class PinSettings(Value):
    """Pinned identity of this installation: measured once by `init --pin`, checked by a person, compared from then on."""

    host: str = ""
    """Host name."""
    machine_id: str = ""
    """Content of /etc/machine-id."""
    database: str = ""
    system_identifier: str = ""
    timeline: int = Field(default=0, ge=0)
    """Changes with every failover; then a person looks at it and pins it again."""
    schema_digest: str = ""
    """Digest of grants, ownership, functions and triggers as they were installed."""


class HookProgram(Value):
    """One hook: a program that is started for events, without arguments and without a shell."""

    program: str = Field(pattern=r"^/[^\x00]+$", max_length=4096)
    """Absolute path. It, and each folder above it, must be writable by its owner alone: root, or the user of the console."""
    events: tuple[HookKind, ...] = ()
    """Kinds of events that it is started for; none named: all."""
    timeout_seconds: int = Field(default=10, ge=1, le=60)
    """Time after which it is ended, with what it has started."""


class HookSettings(Value):
    """Programs that are told of events, and the times from which on something is one."""

    programs: tuple[HookProgram, ...] = Field(default=(), max_length=8)
    expires_soon_minutes: int = Field(default=60, ge=1, le=10_080)
    """Time before its expiry at which a ruling is told."""
    armed_too_long_minutes: int = Field(default=10, ge=1, le=60)
    """Time after which a switch that is still armed is told."""


class Settings(Value):
    """Everything that an installation can set. The root comes from `--root` or CUTTER_ROOT."""

    database: DatabaseSettings = DatabaseSettings()
    limits: LimitSettings = LimitSettings()
    intake: str = "intake"
    """Folder of the source documents; relative to the root."""
    profiles: str = "profiles"
    """Folder of the operator's own profiles; relative to the root."""
    gnupg_home: str = ""
    """GNUPGHOME with the sovereign's public keys and the backup key; empty: gpg's own default."""
    backup_gpg_fpr: str = ""
    """Fingerprint of the key that backups are encrypted to (BACKUP_GPG_FPR)."""
    policy: str = "approvals/policy.json"
    """The approval policy; relative to the root."""
    deploy_manifest_sha256: str = "none"
    """Digest of the deploy manifest, or `none`, which every statement then says."""
    deploy_manifest: str = "artifacts/deploy-manifest.json"
    """The deploy manifest's file; relative to the root."""
    site_mapping: str = "artifacts/site-mapping.toml"
    """File that says where a database of another layout keeps its units; relative to the root. Without it, that is proposed at each reading."""
    site_inventory: str = "artifacts/site-inventory.jsonl"
    """The inventory of such a database, as `init --pin` has pinned it; relative to the root."""
    console_schema: str = Field(default=CONSOLE_SCHEMA, pattern="^[a-z_][a-z0-9_]{0,62}$")
    """Schema of its own that `adopt apply` prepares in a database that was there before."""
    untested: bool = False
    """True if a run may be armed on a deployed tree without a recorded test run; named in every report."""
    pins: PinSettings = PinSettings()
    tree_may_hold: tuple[str, ...] = ()
    """Further names that may stand at the top of the runtime tree."""
    lease_minutes: int = Field(default=15, ge=1, le=60)
    """Time that the switch stays armed."""
    backup_max_age_minutes: int = Field(default=60, ge=1, le=60)
    """Older, and the backup is taken again before the cut."""
    statement_minutes: int = Field(default=60, ge=1, le=1440)
    """Limit for one statement of a phase on the server; a large cut may need more."""
    backup_whole_rows: int = Field(default=250_000, ge=0)
    """Rows of the large tables up to which a run's backup holds all documents; beyond, its own document alone."""
    backup_stall_seconds: int = Field(default=60, ge=1, le=3600)
    """pg_dump, gpg or pg_restore that moves no byte for so long has hung, and is ended."""
    hooks: HookSettings = HookSettings()
    postgres_programs: str = ""
    """Folder of pg_dump and pg_restore; empty: PATH and the embedded wheel are looked at."""

    @property
    def statement_limit_s(self) -> float:
        """`statement_minutes` in seconds."""
        return self.statement_minutes * 60.0

    def under(self, root: Path, path: str) -> Path:
        """Return a configured path; a relative one is below the root."""
        return root / path


_NO_TEXT = re.compile("[\0\ud800-\udfff]")
ENVIRONMENT = {
    "CUTTER_EXECUTOR": ("database", "executor"),
    "CUTTER_VERIFIER": ("database", "verifier"),
    "CUTTER_MONITOR": ("database", "monitor"),
    "CUTTER_ADMINISTRATOR": ("database", "administrator"),
    "CUTTER_STOPPER": ("database", "stopper"),
    "BACKUP_GPG_FPR": ("backup_gpg_fpr",),
    "GNUPGHOME": ("gnupg_home",),
}
"""Variables that stand over the file, with the key of each."""


def load_settings(root: Path, config: Path | None = None, *, with_environment: bool = True) -> Settings:
    """Read the file, then the environment over it. Without `config` the file is optional, and at its place in `root`.

    `with_environment=False` leaves the environment out, for an installation that was named among several. Raises UsageError naming the file and the line of bad JSON, or the key at fault.
    """
    path = config or root / CONFIG_NAME
    raw = _read(path, required=config is not None)
    for name, keys in ENVIRONMENT.items():
        if with_environment and os.environ.get(name):
            _put(raw, keys, os.environ[name])
    _require_text(path, raw)
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise _refused(path, error, with_environment=with_environment) from error


def _refused(path: Path, error: ValidationError, *, with_environment: bool) -> UsageError:
    """Return the refusal with every error, each with the line of the file or the variable that it comes from."""
    lines: dict[str, int] = {}
    with suppress(OSError, UnicodeDecodeError):
        lines = lines_of_keys(read_regular(path).decode())
    variables = {
        ".".join(keys): name for name, keys in ENVIRONMENT.items() if with_environment and os.environ.get(name)
    }
    problems, keys = [], []
    # Without the input: a value at fault may be a password that was put here by mistake.
    for problem in error.errors(include_input=False):
        key = ".".join(str(part) for part in problem["loc"])
        # What is inside a list, or is not there, is on the line of the key around it.
        around = (".".join(key.split(".")[:count]) for count in range(key.count(".") + 1, 0, -1))
        line = next((f", line {lines[known]}" for known in around if known in lines), "")
        place = f"the variable {variables[key]}" if key in variables else f"{path}{line}"
        problems.append(safe_text(f"{place}: {key}: {problem['msg']}"))
        keys.append(safe_text(key))
    return UsageError(StopCode.REFUSED_INPUT, "\n".join(problems), f"Correct {', '.join(keys)} in {path}.")


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> UsageError:
    action = "Name a readable file with --config."
    return UsageError(StopCode.REFUSED_INPUT, f"{path}: {why_unreadable(error)}", action)


def _read(path: Path, *, required: bool) -> dict[str, object]:
    try:
        raw = json.loads(read_regular(path).decode())
    except json.JSONDecodeError as error:
        message = f"{path}, line {error.lineno}: {error.msg}"
        raise UsageError(StopCode.REFUSED_INPUT, message, "Correct the JSON on that line.") from error
    except FileNotFoundError as error:
        if not required:
            return {}
        raise _unreadable(path, error) from error
    except PermissionError as error:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"{path}: {error.strerror}", "Ask as its owner: sudo cutter-console …"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    except RecursionError as error:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"{path}: nested too deeply", "Write one object with the settings."
        ) from error
    except ValueError as error:
        # The last one of a number: Python reads none of more than some thousand digits.
        raise UsageError(
            StopCode.REFUSED_INPUT, f"{path}: holds a number that is too long", "Correct the number there."
        ) from error
    if not isinstance(raw, dict):
        raise UsageError(StopCode.REFUSED_INPUT, f"{path}: not a JSON object", "Write one object with the settings.")
    return raw


def _require_text(path: Path, value: object, key: str = "") -> None:
    """Raise UsageError for a text that no path, role or key can be: with a NUL, or with bytes that are not UTF-8."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_text(path, inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for inner in value:
            _require_text(path, inner, key)
    elif isinstance(value, str) and _NO_TEXT.search(value):
        message = f"{path}, or the environment: {key} holds a NUL, or bytes that are not UTF-8"
        raise UsageError(StopCode.REFUSED_INPUT, message, f"Correct {key}; a path must be written in UTF-8.")


def _put(raw: dict[str, object], keys: tuple[str, ...], value: str) -> None:
    *parents, last = keys
    for key in parents:
        inner = raw.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        raw = inner
    raw[last] = value
