"""G3: a backup can be taken, encrypted to a key whose private half is elsewhere, and no dump lies in plain text."""

import functools
import os
import shlex
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from console.backend.backup.plaintext import plaintext_dumps
from console.backend.backup.recipient import (
    FINGERPRINT,
    RECIPIENT_NOT_SET,
    SET_RECIPIENT,
    KeyListing,
    RecipientUnusable,
    judge_key,
    list_key,
)
from console.backend.backup.record import BackupNotProven, BackupState, ListedBackup, freshness, list_backups
from console.backend.backup.selftest import RoundTrip, round_trip
from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.host.programs import (
    NoFittingProgram,
    PostgresPrograms,
    installed_programs,
    pick_dump_programs,
    pick_server_programs,
)
from console.backend.host.regular_file import sha256_file
from console.backend.host.site_files import tables_of_a_run, tables_of_others
from console.backend.model.counting import counted
from console.backend.model.outcome import Check
from console.backend.model.readiness import Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.tables import RUN_TABLES
from console.backend.model.value import Value
from console.backend.postgres.asking import Question
from console.backend.postgres.privileges import DumpRights, dump_rights
from console.backend.postgres.site_kept import require_kept_mapping
from console.backend.runs.other_layout import NOT_INSTALLED

DAYS_TO_RENEW = 14
"""A backup key with no more days left than this has to be renewed."""
HASHED_BYTES = 64 << 20
"""The newest backup is hashed again up to this size in bytes; of a larger one the size alone is compared."""
_VERIFIER = "cutter_verify"


class Source(Value):
    """The database as a dump would find it."""

    server_version: int
    """`server_version_num`."""
    closed: tuple[SafeText, ...]
    """Rights that the dumping role lacks, one phrase each."""
    other_layout: bool = False
    tables: int = 0
    """Number of tables that a dump for a run holds."""


class Store(Value):
    """Contents of backups/."""

    newest: ListedBackup | None
    state: BackupState
    """Of the newest, by the configured limit of age."""
    taken_at: datetime | None
    count: int
    altered: tuple[SafeText, ...]
    """Backups that are not what their records say, with what differs."""
    hashed: bool
    """True if the newest was read again, not only measured by its size."""
    unfinished: tuple[SafeText, ...]
    """Files of backups that did not come to their end."""


class Facts(Value):
    """The facts that G3 measures."""

    round_trip: Measurement[RoundTrip]
    key: Measurement[KeyListing]
    programs: Measurement[tuple[PostgresPrograms, ...]]
    source: Measurement[Source]
    store: Measurement[Store]
    ring: Measurement[tuple[SafeText, ...]]
    plaintext: Measurement[tuple[SafeText, ...]]


def measure(probe: Probe) -> Facts:
    """Ask gpg, the programs, the database, backups/ and the root."""
    installation = probe.installation
    return Facts(
        round_trip=probe.ask(
            "round-trip",
            "random bytes encrypted and decrypted with a throw-away key, and half of them",
            "gpg, in a home of mode 0700 that is gone afterwards",
            lambda: _round_trip(installation),
            lambda trial: f"gpg {trial.gpg_version}: {trial.answer}",
            otherwise="Install gnupg, then: cutter-console backup selftest",
        ),
        key=backup_key(probe),
        programs=probe.ask(
            "programs",
            "programs of PostgreSQL, and their versions",
            "the settings, PATH, the system's places and the embedded wheel",
            lambda: installed_programs(installation.settings.postgres_programs),
            lambda programs: "; ".join(map(str, programs)) or "none",
        ),
        source=probe.ask(
            "source",
            f"what {_VERIFIER} lacks to dump the tables that a run can touch",
            "privileges, as the monitoring role reads them",
            lambda: _source(probe),
            lambda source: f"server {source.server_version}; {', '.join(source.closed) or 'nothing is lacking'}",
        ),
        store=probe.ask(
            "store",
            "backups, their records and files",
            str(installation.backups),
            lambda: _store(installation),
            _store_in_words,
            digest=lambda store: store.newest.record.sha256 if store.newest and store.newest.record else "",
        ),
        ring=probe.ask(
            "key-ring",
            "entries of the key ring that others own, may read or may write",
            str(installation.gnupg_home),
            lambda: tuple(_open_entries(installation.gnupg_home)),
            lambda entries: ", ".join(entries) or "none",
        ),
        plaintext=probe.ask(
            "plaintext",
            "files that begin like a database dump",
            str(installation.root),
            lambda: tuple(
                str(path.relative_to(installation.root))
                for path in plaintext_dumps(_readable_directory(installation.root))
            ),
            lambda paths: ", ".join(paths) or "none",
            otherwise="Make every file below the root readable to the console, then: cutter-console gates G3",
        ),
    )


def backup_key(probe: Probe) -> Measurement[KeyListing]:
    """List the key that backups are encrypted to, as the host's key ring has it."""
    installation = probe.installation
    return probe.ask(
        "backup-key",
        f"backup_gpg_fpr {installation.settings.backup_gpg_fpr or 'is not set'}",
        str(installation.gnupg_home),
        lambda: probe.once("backup key", lambda: _listed(installation)),
        lambda key: f"{len(key.parts)} key parts, private halves here: {len(key.private)}",
        otherwise="Install gnupg, or name the GNUPGHOME that holds the backup key.",
    )


def backup_key_check(fact: Measurement[KeyListing], name: str = "backup key") -> Check:
    """Pure: the key encrypts, does so for more than DAYS_TO_RENEW, and its private half is not on this host."""
    now, home_option = fact.evidence.measured_at, f" --homedir {fact.evidence.source}"
    return check(name, fact, lambda key: _judged(key, now, home_option))


def _listed(installation: Installation) -> KeyListing:
    fingerprint = installation.settings.backup_gpg_fpr
    if not FINGERPRINT.fullmatch(fingerprint):
        return KeyListing(fingerprint=fingerprint, parts=(), private=())
    return list_key(fingerprint, _readable_directory(installation.gnupg_home))


def _readable_directory(directory: Path) -> Path:
    """Return the directory if it can be read. Raises OSError otherwise: gpg would list an absent key ring as empty."""
    next(directory.iterdir(), None)
    return directory


def _round_trip(installation: Installation) -> RoundTrip:
    """Try the round trip; a failed step of gpg is an answer, a missing gpg raises RecipientUnusable."""
    try:
        return round_trip(installation.gnupg_home)
    except BackupNotProven as error:
        return RoundTrip(gpg_version="", bytes=0, keys_before=0, keys_after=0, failures=(error.message,))


def _open_entries(home: Path) -> Iterator[str]:
    """Yield the entries that another user owns or may write, and a home that another user may read.

    gpg believes whatever keys and options lie in its home.
    """
    for path in (home, *sorted(home.iterdir())):
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid not in {0, os.geteuid()}:
            yield f"{path} of uid {status.st_uid}"
        # The mode of a symlink says nothing: it is 0777 whoever may write.
        elif not stat.S_ISLNK(status.st_mode) and mode & (0o077 if path == home else 0o022):
            yield f"{path} {mode:04o}"


DUMP_RIGHTS = "rights to dump"
"""Name of the question what the verifier lacks to dump the tables that a run can touch."""


def rights_to_dump(connection: psycopg.Connection, installation: Installation) -> DumpRights:
    """Return what the verifier lacks to dump the tables that a run can touch, and what of others' it copies."""
    tables = tables_of_a_run(installation)
    rights = dump_rights(connection, tables, _VERIFIER, tables_of_others(installation))
    if rights.missing:
        require_kept_mapping(connection, is_kept=tables != RUN_TABLES)
    return rights


def _source(probe: Probe) -> Source:
    is_other = probe.is_of_another_layout()
    question: Question[DumpRights] = (
        functools.partial(dump_rights, tables=(), role=_VERIFIER)
        if is_other
        else functools.partial(rights_to_dump, installation=probe.installation)
    )
    rights = probe.of_monitor(DUMP_RIGHTS, question, is_own=not is_other)
    return Source(
        server_version=rights.server_version,
        closed=tuple(rights.missing),
        other_layout=is_other,
        tables=0 if is_other else len(tables_of_a_run(probe.installation)),
    )


def _store(installation: Installation) -> Store:
    now = installation.context.now()
    names = [path.name for path in installation.backups.iterdir()]
    listed = list_backups(installation.backups, now)
    # A backup without a sound record proves nothing, however new its file is.
    proven = [backup for backup in listed if backup.record is not None and not backup.problem]
    newest = max(proven, key=lambda backup: backup.record.taken_at if backup.record else now, default=None)
    record = newest.record if newest else None
    hashed = record is not None and record.bytes <= HASHED_BYTES
    altered = [f"{backup.file_name}: {backup.problem}" for backup in listed if backup.problem]
    if record is not None and hashed and sha256_file(installation.backups / record.file_name) != record.sha256:
        altered.append(f"{record.file_name}: its sha256 is not the record's")
    limit = timedelta(minutes=installation.settings.backup_max_age_minutes)
    return Store(
        newest=newest,
        state=freshness(record, now, limit),
        taken_at=record.taken_at if record else None,
        count=len(listed),
        altered=tuple(altered),
        hashed=hashed,
        unfinished=tuple(sorted(name for name in names if name.endswith(".partial"))),
    )


def _store_in_words(store: Store) -> str:
    if store.newest is None:
        return f"{counted(store.count, 'backup')}, none of them proven"
    compared = "sha256 compared" if store.hashed else "size compared"
    return f"{counted(store.count, 'backup')}; newest {store.newest.file_name}, {store.state}, {compared}"


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: round trip, key, programs, privileges, backups, leftovers."""
    store_at = facts.store.evidence.measured_at
    return (
        check("round trip", facts.round_trip, _round_trip_held),
        backup_key_check(facts.key),
        check("key ring closed", facts.ring, lambda entries: _closed(entries, facts.ring.evidence.source)),
        check("programs", facts.source, lambda source: _programs(source, facts.programs.value or ()), facts.programs),
        check("tables dumpable", facts.source, _dumpable),
        check("newest backup", facts.store, lambda store: _newest(store, store_at)),
        check("backups unaltered", facts.store, _unaltered),
        check("no unfinished backup", facts.store, lambda store: _unfinished(store, facts.store.evidence.source)),
        check(
            "no plaintext dump", facts.plaintext, lambda paths: _no_plaintext(paths, facts.plaintext.evidence.source)
        ),
    )


def _round_trip_held(trial: RoundTrip) -> Verdict:
    if trial.failures:
        return fails(trial.answer, "Repair the gpg installation, then: cutter-console backup selftest")
    return passes(f"gpg {trial.gpg_version}: {trial.answer}")


def _judged(key: KeyListing, now: datetime, home_option: str) -> Verdict:
    if not FINGERPRINT.fullmatch(key.fingerprint):
        detail = f"{key.fingerprint!r} is not a full fingerprint" if key.fingerprint else RECIPIENT_NOT_SET
        return fails(detail, f"{SET_RECIPIENT}.")
    try:
        days = judge_key(key.parts, key.fingerprint, now, home_option)
    except RecipientUnusable as unusable:
        return fails(unusable.message, unusable.next_action)
    if key.private:
        detail = f"the private key of {key.fingerprint} is on this host: anyone who takes over the host can read every backup"
        return fails(detail, f"Keep it elsewhere, then here: gpg{home_option} --delete-secret-keys {key.fingerprint}")
    if days is None:
        return passes(f"{key.fingerprint} encrypts, without expiry; its private half is not here")
    detail = f"{key.fingerprint} encrypts, {days} days left; its private half is not here"
    if days <= DAYS_TO_RENEW:
        return partial(detail, f"Renew it where it was made, then: gpg{home_option} --import PUBLIC-KEY-FILE")
    return passes(detail)


def _closed(entries: tuple[str, ...], home: str) -> Verdict:
    if entries:
        command = shlex.join(["chmod", "-R", "go-rwx", home])
        return fails(f"open to others: {', '.join(entries)}", f"Look at what was put there; then: {command}")
    return passes(f"{home} is closed to others")


def _programs(source: Source, programs: tuple[PostgresPrograms, ...]) -> Verdict:
    major = source.server_version // 10000
    try:
        dump, server = pick_dump_programs(major, programs), pick_server_programs(major, programs)
    except NoFittingProgram as missing:
        return fails(missing.message, missing.next_action)
    return passes(f"server {major}: pg_dump of {dump}; scratch cluster of {server}")


def _dumpable(source: Source) -> Verdict:
    if source.other_layout:
        return unclear(f"{NOT_INSTALLED}: no run can touch a table", "cutter-console adopt inspect")
    if source.closed:
        return fails(
            f"{_VERIFIER} lacks {', '.join(source.closed)}", "See the GRANTs that are missing: cutter-console drift"
        )
    return passes(f"{_VERIFIER} reads all {source.tables} tables that a run can touch, and their sequences")


def _newest(store: Store, now: datetime) -> Verdict:
    if store.newest is None or store.taken_at is None:
        return partial("no proven backup yet", "The run takes one itself; by hand: cutter-console backup take RUN")
    minutes = int((now - store.taken_at).total_seconds() // 60)
    if minutes < 0:
        detail = f"{store.newest.file_name} was taken {-minutes} minutes from now: this host's clock went back, or its record was altered"
        return fails(detail, "Set the clock (timedatectl status), then: cutter-console gates G3")
    detail = f"{store.newest.file_name}: {store.state}, {minutes} minutes old"
    if store.state is BackupState.FRESH:
        return passes(detail)
    return partial(detail, "The cut takes it again; by hand: cutter-console backup take RUN")


def _unaltered(store: Store) -> Verdict:
    if store.altered:
        return fails(
            "; ".join(store.altered),
            "Find out who changed it (cutter-console backup list), take a new one: cutter-console backup take RUN",
        )
    if store.newest is None:
        return passes("no backup, and no record of one")
    if not store.hashed:
        return partial(
            f"newest by its size alone: it is larger than {HASHED_BYTES >> 20} MiB",
            "Hash all of them: cutter-console backup list",
        )
    return passes(f"{counted(store.count, 'backup')}; newest hashed again")


def _unfinished(store: Store, below: str) -> Verdict:
    if store.unfinished:
        unfinished_names = " ".join(store.unfinished)
        return partial(
            f"left over: {unfinished_names}",
            f"Where no backup is being taken: {_command('rm', below, store.unfinished)}",
        )
    return passes("none")


def _command(command: str, below: str, names: tuple[str, ...]) -> str:
    """Return the command with whole paths, so that it does the same from wherever it is typed."""
    return shlex.join([*command.split(), *(str(Path(below) / name) for name in names)])


def _no_plaintext(paths: tuple[str, ...], below: str) -> Verdict:
    if paths:
        return fails(
            f"in plain text: {', '.join(paths)}", f"Move it off this host, then: {_command('shred -u', below, paths)}"
        )
    return passes("no file below the root begins like a database dump")


GATE = Gate("G3", "Backup readiness", "Could what a run touches be brought back?", Owner.OPERATOR, measure, decide)
