"""Decides from database, journals and files alone whether the promises of the product hold; imports nothing of it.

    python -m tests.checker DSN ROOT [--take-snapshot FILE | --snapshot FILE] [--key FILE]… [--server-log FILE]
                            [--console COMMAND] [--just-died]

DSN is a superuser's, ROOT the runtime root. Every violation is one line: invariant, thing, what is wrong with it. Exit
status 0 without a violation, 1 with some. Digests, hash chain and Merkle root are computed here again, by the written
rules and not by the product's code.
"""

import argparse
import hashlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = dict[str, Any]

STAGES = (
    "created",
    "source_pinned",
    "marked",
    "cutplan_ok",
    "pre_write_backup_taken",
    "grants_probed",
    "awaiting_cut_authorization",
    "cut_leg_a_committed",
    "structural_verified",
    "leg_b_recorded",
    "write_verified",
    "awaiting_lifecycle_authorization",
    "lifecycle_enacted",
    "closeout_reported",
)
PHASES = {
    "source_pin": "created",
    "mark": "source_pinned",
    "cutplan": "marked",
    "pre_write_backup": "cutplan_ok",
    "grant_probe": "pre_write_backup_taken",
    "cut_leg_a": "awaiting_cut_authorization",
    "structural_verify": "cut_leg_a_committed",
    "leg_b_record": "structural_verified",
    "write_verify": "leg_b_recorded",
    "lifecycle_enact": "awaiting_lifecycle_authorization",
    "closeout": "lifecycle_enacted",
}
"""Each phase with the stage that it starts from."""
ANCHORS = frozenset({"rest"})
"""Events that only anchor the journal's end: they have no effect beside themselves."""
MUTATING = ("cut_leg_a", "leg_b_record", "lifecycle_enact", "revert")
OF_LAW = {"amend", "repeal"}
"""Operations of a run over a document that is law."""
INTENTS_OF_EDIT = {
    **dict.fromkeys(("edit: source", "edit: marked", "edit: plan"), "plan edits"),
    "edit: to the pause": "pre_write_backup",
    "write_verify": "edit",
}
"""Events of an edit that have no intent of their own, each with the one that it stands behind."""
KIND_OF = {"cut": "SG_1", "edit": "SG_1", "revert": "SG_1", "enact": "SG_2"}
LONGEST_S = {"SG_1": 24 * 3600, "SG_2": 12 * 3600}
MAY_CHANGE = {
    "cutter_governance.run",
    "cutter_governance.execution_lease",
    "cutter_governance.kept_count",
    "cutter_governance.kept_document",
    "public.information_unit",
    "public.unit_version",
}
"""Rows of these change by design; every other row that was there stays as it was."""
OVER = {"voided", "reverted"}
"""Families of a run that has ended by itself."""
WORKS_ON = "cutter-console%"
_SESSIONS = "SELECT pid, application_name, state FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE %s"
_LEDGER = (
    "run run_event approval approval_use execution_lease v_lease manifest_envelope manifest_unit_block manifest_seal backup_proof review_decision"
    " cut_change_set cut_change_set_affected_row dot_pair_signature verify_result decision_backlog_entry policy_pin baseline_pin hold_event"
    " canonical_address_alias v_in_force kept_count kept_document run_effect batch batch_member batch_ruling"
)
TABLES = (
    *("public.information_unit", "public.unit_version", "public.iu_lifecycle_log"),
    *(f"cutter_governance.{name}" for name in _LEDGER.split()),
)
"""What is read of the database, all of it."""
_ZERO = "0" * 64
_DELETES = re.compile(
    r"^\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*(?:DELETE|TRUNCATE)\b|\bDELETE\s+FROM\b", re.IGNORECASE | re.DOTALL
)
_LITERALS = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_TEMPORARY = re.compile(r"(^\..+\.(part|partial|[0-9a-f]{8}(\.partial)?|json\.[0-9a-f]+)$)|\.(part|partial)$")
_PLAIN_DUMP = b"PGDMP"


@dataclass(frozen=True)
class Violation:
    """One promise that does not hold for one thing."""

    invariant: str
    thing: str
    says: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.thing}: {self.says}"


@dataclass(frozen=True)
class Record:
    """One line of a journal, proven by the chain."""

    sequence: int
    kind: str
    phase: str
    time: str
    hash: str
    values: tuple[tuple[str, str], ...]

    def value(self, key: str) -> str:
        """The first value of this name; empty where there is none."""
        return next((value for name, value in self.values if name == key), "")


@dataclass(frozen=True)
class Chain:
    """What a journal holds: its sound records, and what is wrong after them."""

    records: tuple[Record, ...]
    wrong: str = ""
    torn_bytes: int = 0


@dataclass
class Subject:
    """What is judged, read once: all tables of the product, the files of the runs, and how it may be asked."""

    dsn: str
    root: Path
    snapshot: dict[str, Any] | None = None
    keys: tuple[Path, ...] = ()
    server_log: Path | None = None
    log_from: int = 0
    console: tuple[str, ...] = ()
    """Asks the console itself, without `--json`; empty: it is not asked."""
    ask: Callable[[tuple[str, ...]], tuple[int, dict[str, Any], str]] | None = None
    """Another way to ask it: words in; exit status, JSON object and standard error out."""
    just_died: bool = False
    """A command was killed a moment ago and nobody has recovered yet: torn tails and leftovers are no fault then."""
    _tables: dict[str, list[Row]] = field(default_factory=dict)
    _standings: dict[str, "Standing"] = field(default_factory=dict)
    _verified: dict[tuple[bytes, bytes], str | None] = field(default_factory=dict)

    def verified(self, signature: bytes, data: bytes) -> str | None:
        """Who has signed these bytes, as `verified_by` says; the signature over a batch is that of each of its members."""
        if (signature, data) not in self._verified:
            self._verified[signature, data] = verified_by(signature, data, self.keys)
        return self._verified[signature, data]

    def table(self, name: str) -> list[Row]:
        """All rows of a table or view, in no order; all tables are read over one connection, at the first question."""
        if not self._tables:
            with psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
                for one in TABLES:
                    query = sql.SQL("SELECT * FROM {}.{}").format(*map(sql.Identifier, one.split(".")))
                    self._tables[one] = connection.execute(query).fetchall()
                self._tables["sessions"] = connection.execute(_SESSIONS, (WORKS_ON,)).fetchall()
        return self._tables[name]

    def ledger(self, name: str) -> list[Row]:
        """All rows of a table of the ledger."""
        return self.table(f"cutter_governance.{name}")

    def of_run(self, name: str, run_id: str) -> list[Row]:
        """The ledger's rows of one run."""
        return [row for row in self.ledger(name) if row["run_id"] == run_id]

    @cached_property
    def runs(self) -> list[Row]:
        """The rows of all runs."""
        return self.ledger("run")

    @property
    def sessions(self) -> list[Row]:
        """The console's live sessions in this database."""
        return self.table("sessions")

    @cached_property
    def chains(self) -> dict[str, Chain]:
        """The journal of every run's directory, proven."""
        return {place.name: read_chain(place / "journal.jsonl", place.name) for place in self.directories}

    @cached_property
    def directories(self) -> list[Path]:
        """The directories of runs below the root."""
        return sorted(place for place in (self.root / "runs").glob("ictr-*") if place.is_dir())

    def request(self, run_id: str) -> Row:
        """What a run was started with, by its own file; empty where there is none."""
        return _object(self.root / "runs" / run_id / "request.json")

    @cached_property
    def amended(self) -> set[str]:
        """The documents that an amendment has drafts of, or had, or that a repeal holds: their rows are those of several runs."""
        amending = {row["run_id"] for row in self.runs if row["operation"] in OF_LAW}
        cut = {row["run_id"] for row in self.ledger("approval_use") if row["purpose"] == "cut"}
        return {row["docprefix"] for row in self.runs if row["run_id"] in amending & cut}

    def standing(self, docprefix: str) -> "Standing":
        """What the rulings that were used have made of a document, one after the other."""
        if docprefix not in self._standings:
            self._standings[docprefix] = replayed(self, docprefix)
        return self._standings[docprefix]

    def is_base(self, unit: Row) -> bool:
        """Whether a unit was there before the snapshot and no run of this database has cut it."""
        if self.snapshot is None:
            return False
        return str(unit["id"]) in self.snapshot["rows"]["public.information_unit"]


Found = Iterator[Violation]


def canonical(value: object) -> bytes:
    """Canonical JSON: UTF-8, sorted keys, no space, no newline at the end."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Lower-case hex sha256."""
    return hashlib.sha256(data).hexdigest()


def merkle_root(lines: list[str]) -> str:
    """The Merkle tree hash of RFC 6962, section 2.1, over these lines; recursive, as it is defined there."""

    def over(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\0" + leaves[0]).digest()
        middle = 1
        while middle * 2 < len(leaves):
            middle *= 2
        return hashlib.sha256(b"\1" + over(leaves[:middle]) + over(leaves[middle:])).digest()

    return over([line.encode() for line in lines]).hex() if lines else sha256(b"")


def read_chain(path: Path, run_id: str = "") -> Chain:
    """Prove a journal line by line, up to the first one that is not what was written."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Chain((), f"cannot be read: {error.strerror}")
    *lines, torn = data.split(b"\n")
    records: list[Record] = []
    for number, line in enumerate(lines):
        record, wrong = _proven(line, number, records[-1].hash if records else _ZERO)
        if record is None:
            return Chain(tuple(records), f"record {number}: {wrong}", len(torn))
        records.append(record)
    wrong = "" if records else "is empty"
    if records and run_id and records[0].value("run_id") != run_id:
        wrong = f"is the journal of {records[0].value('run_id')}"
    return Chain(tuple(records), wrong, len(torn))


def _proven(line: bytes, number: int, previous: str) -> tuple[Record | None, str]:
    try:
        one = json.loads(line)
        fields = tuple((str(each["key"]), str(each["value"])) for each in one["fields"])
        record = Record(one["sequence"], one["kind"], one["phase"], one["time"], one["hash"], fields)
    except (ValueError, KeyError, TypeError):
        return None, "is no journal record"
    if set(one) != {"sequence", "time", "previous", "kind", "phase", "fields", "hash"} or canonical(one) != line:
        return None, "is not in canonical form"
    if sha256(canonical({name: value for name, value in one.items() if name != "hash"})) != one["hash"]:
        return None, "its hash is not that of its content"
    if one["sequence"] != number or one["previous"] != previous:
        return None, f"says number {one['sequence']} after {str(one['previous'])[:12]}"
    return record, ""


def _object(path: Path) -> Row:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _at_least(run: Row, stage: str) -> bool:
    return STAGES.index(run["stage"]) >= STAGES.index(stage)


def manifest_digest(blocks: list[Row]) -> str:
    """sha256 over one line a unit, fields split by US, in the manifest's order."""
    names = (
        "seq",
        "address",
        "parent_address",
        "unit_kind",
        "section_type",
        "section_code",
        "title",
        "byte_start",
        "byte_end",
        "line_start",
        "line_end",
        "body_sha256",
    )
    ordered = sorted(blocks, key=lambda row: int(row["seq"]))
    lines = ["\x1f".join("" if row[name] is None else str(row[name]) for name in names) for row in ordered]
    return sha256("\n".join(lines).encode())


def draft_lines(blocks: list[Row], units: dict[Any, Row], versions: dict[Any, Row]) -> list[str]:
    """The lines that a second ruling is over, from the rows as they stand."""
    lines = []
    for block in sorted(blocks, key=lambda row: int(row["seq"])):
        unit = units.get(block["unit_id"])
        version = versions.get(unit["version_anchor_ref"]) if unit else None
        if unit is None or version is None:
            continue
        said = (
            unit["canonical_address"],
            unit["parent_or_container_ref"] or "",
            unit["unit_kind"],
            unit["section_type"],
            unit["section_code"] or "",
            version["title"] or "",
            sha256(version["body"].encode()),
        )
        lines.append("\t".join(said))
    return lines


def drafts_of(subject: Subject, run: Row, units: dict[Any, Row], versions: dict[Any, Row]) -> list[str]:
    """The lines that the second ruling of a run is over: of a document that was amended, those of its own versions."""
    blocks = subject.of_run("manifest_unit_block", run["run_id"])
    if run["docprefix"] not in subject.amended:
        return draft_lines(blocks, units, versions)
    standing = subject.standing(run["docprefix"])
    state = standing.states.get(run["run_id"], blocks)
    if run["operation"] == "repeal":
        ended = standing.effects.get(run["run_id"], standing.effects_of([])).taken_out
        state = [{**row, "seq": place} for place, row in enumerate(ended)]
    lines = []
    for block in sorted(state, key=lambda row: int(row["seq"])):
        unit, version = units.get(block["unit_id"]), versions.get(block["version_id"])
        if unit is not None and version is not None and version["unit_id"] == unit["id"]:
            read = {"address": unit["canonical_address"], "body_sha256": sha256(version["body"].encode())}
            lines.append(line_of({**block, "title": version["title"], **read}))
    return lines


def line_of(block: Mapping[str, Any]) -> str:
    """A unit as one line, by which it is signed, and compared with the law."""
    names = ("address", "parent_address", "unit_kind", "section_type", "section_code", "title", "body_sha256")
    return "\t".join(str(block[name] or "") for name in names)


# ---------------------------------------------------------------------------------------------------------------------
# A document as the rulings made it, one after the other
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Effects:
    """What an amendment does, by the manifest and the law that it met: addresses in the manifest's order, and ids."""

    unchanged: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    returning: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    drafts: list[Row] = field(default_factory=list)
    """The manifest's rows of what is changed or new."""
    taken_out: list[Row] = field(default_factory=list)
    """The law's rows of what is changed or gone, as they were."""

    @property
    def affected(self) -> set[tuple[Any, Any]]:
        """Unit and version of each row that leg B records: what is written, and what will be gone."""
        gone = [row for row in self.taken_out if row["address"] in self.gone]
        return {(row["unit_id"], row["version_id"]) for row in (*self.drafts, *gone)}

    def may_change(self, purpose: str) -> set[Any]:
        """The ids of units and versions that the use of a ruling for this purpose may change."""
        rows = [*self.drafts, *(self.taken_out if purpose == "enact" else ())]
        units = {row["unit_id"] for row in rows} if purpose != "cut" else set()
        return units | {row["version_id"] for row in rows}


@dataclass
class Standing:
    """A document as it has to stand, by the manifests and the order in which their rulings were used."""

    units: dict[Any, tuple[str, Row]] = field(default_factory=dict)
    """Lifecycle and manifest row by id; the row names the version that the unit is anchored to."""
    versions: dict[Any, tuple[str, Row]] = field(default_factory=dict)
    """Lifecycle and manifest row by id; an empty lifecycle is not judged."""
    law: dict[str, Row] = field(default_factory=dict)
    """The manifest's row of each unit that is law, by address."""
    newest: str = ""
    """The run whose enactment made it law."""
    logged: Counter[tuple[str, Any, str, str]] = field(default_factory=Counter)
    states: dict[str, list[Row]] = field(default_factory=dict)
    """The rows of each run as they were enacted."""
    effects: dict[str, Effects] = field(default_factory=dict)
    planned: dict[str, tuple[str, str, Effects]] = field(default_factory=dict)
    """Of each amendment that was planned: the run that was law then, the digest of that law, and the effects on it."""
    drafting: str = ""
    """The run that has drafts."""
    repealed: str = ""
    """The run that has repealed it, after which nothing is written."""
    wrong: list[tuple[str, str]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Merkle root over the law by address, in the order of bytes."""
        return merkle_root([line_of(self.law[address]) for address in sorted(self.law, key=str.encode)])

    def effects_of(self, rows: list[Row]) -> Effects:
        """What these rows would do to the law as it is now."""
        effects, known = Effects(), {row["address"] for _, row in self.units.values()}
        for row in rows:
            base = self.law.get(row["address"])
            if base is not None and line_of(base) == line_of(row):
                effects.unchanged.append(row["address"])
                continue
            effects.drafts.append(row)
            if base is not None:
                effects.changed.append(row["address"])
                effects.taken_out.append(base)
                continue
            effects.new.append(row["address"])
            if row["address"] in known:
                effects.returning.append(row["address"])
        left = set(self.law) - {row["address"] for row in rows}
        effects.gone = sorted(left, key=str.encode)
        effects.taken_out += [self.law[address] for address in effects.gone]
        return effects

    def to(self, lifecycle: str, row: Row, run_id: str) -> None:
        """Give a unit a row and a lifecycle; what is logged is every change of it, and a change of what stays law."""
        was = self.units[row["unit_id"]][0] if row["unit_id"] in self.units else ""
        self.units[row["unit_id"]] = (lifecycle, row)
        if was:
            self.logged[run_id, row["unit_id"], was, lifecycle] += 1


def replayed(subject: Subject, docprefix: str) -> Standing:
    """Use the rulings of a document again, in the order in which they were used, on nothing but the manifests."""
    standing = Standing()
    runs = {row["run_id"]: row for row in subject.runs if row["docprefix"] == docprefix}
    for _, purpose, run_id in sorted(_moments(subject, runs)):
        rows = sorted(subject.of_run("manifest_unit_block", run_id), key=lambda row: int(row["seq"]))
        if standing.repealed and purpose in {"cut", "edit", "enact"}:
            standing.wrong.append((run_id, f"was used to {purpose} after the repeal by {standing.repealed}"))
        match runs[run_id]["operation"], purpose:
            case "amend" | "repeal", "plan":
                planned = _planned_rows(subject, run_id)
                standing.planned[run_id] = (standing.newest, standing.digest, standing.effects_of(planned))
            case "cut", "cut":
                for row in rows:
                    standing.to("draft", row, run_id)
                    standing.versions[row["version_id"]] = ("draft", row)
                standing.drafting = run_id
            case "amend" | "repeal", "cut":
                _replay_amendment(standing, run_id, rows, runs[run_id])
            case "edit", "edit":
                _replay_edit(standing, rows)
            case "cut" | "amend" | "repeal", "enact":
                _replay_enactment(standing, run_id, rows)
                standing.repealed = run_id if runs[run_id]["operation"] == "repeal" else standing.repealed
            case "cut" | "amend" | "repeal", "revert":
                _replay_revert(standing, run_id, rows)
    return standing


def _moments(subject: Subject, runs: Mapping[str, Row]) -> Iterator[tuple[tuple[int, float], str, str]]:
    """When each ruling was used and each amendment planned: events are numbered under the lock that all writers take."""
    of_xid = {(row["run_id"], row["xid"]): int(row["id"]) for row in subject.ledger("run_event")}
    for use in subject.ledger("approval_use"):
        if use["run_id"] in runs:
            phase = {"cut": "cut_leg_a", "enact": "lifecycle_enact"}.get(use["purpose"], use["purpose"])
            events = [row for row in subject.of_run("run_event", use["run_id"]) if row["phase"] == phase]
            number = of_xid.get((use["run_id"], use["xid"]), int(events[-1]["id"]) if events else 2**62)
            yield (number, use["used_at"].timestamp()), use["purpose"], use["run_id"]
    for event in subject.ledger("run_event"):
        if event["run_id"] in runs and (event["phase"], event["outcome"], event["vouched"]) == (
            "cutplan",
            "PASS",
            True,
        ):
            yield (int(event["id"]), event["at"].timestamp()), "plan", event["run_id"]


def _planned_rows(subject: Subject, run_id: str) -> list[Row]:
    """The units of a run's plan, named as those of a manifest."""
    document = _object(subject.root / "runs" / run_id / "plan.json").get("document", {})
    renamed = {"parent": "parent_address", "number": "section_code"}
    return [{renamed.get(name, name): value for name, value in unit.items()} for unit in document.get("units", ())]


def _replay_amendment(standing: Standing, run_id: str, rows: list[Row], run: Row) -> None:
    if standing.drafting:
        standing.wrong.append((run_id, f"was written while {standing.drafting} had drafts"))
    if not standing.law:
        standing.wrong.append((run_id, "amends or repeals a document of which nothing is law"))
    if run["base_digest"] != standing.digest:
        standing.wrong.append((run_id, f"was planned against law {run['base_digest']}, and met {standing.digest}"))
    unit_of = {row["address"]: unit_id for unit_id, (_, row) in standing.units.items()}
    effects = standing.effects_of(rows)
    for row in rows:
        known = unit_of.get(row["address"])
        if known is not None and row["unit_id"] != known:
            standing.wrong.append((f"{run_id} {row['address']}", f"is unit {row['unit_id']}, and was {known}"))
        if known is None and row["unit_id"] in standing.units:
            standing.wrong.append((f"{run_id} {row['address']}", "is new, and has the unit of another address"))
    for row in (row for row in rows if row["address"] in set(effects.unchanged)):
        if row["version_id"] != standing.law[row["address"]]["version_id"]:
            standing.wrong.append((f"{run_id} {row['address']}", "is unchanged, and has a version of its own"))
    for row in effects.drafts:
        if row["version_id"] in standing.versions:
            standing.wrong.append((f"{run_id} {row['address']}", "is changed or new, and has a version that was there"))
        standing.versions[row["version_id"]] = ("draft", row)
        if row["address"] not in unit_of:
            standing.to("draft", row, run_id)
    standing.effects[run_id], standing.drafting = effects, run_id


def _replay_edit(standing: Standing, rows: list[Row]) -> None:
    """An edit gives a draft another version: unit, place and kind stay those of the cut."""
    of_address = {row["address"]: row for _, row in standing.units.values()}
    for row in rows:
        known = of_address.get(row["address"])
        if known is not None:
            own = {name: row[name] for name in ("version_id", "title", "body_sha256", "body")}
            edited = {**known, **own, "is_edited": True}
            standing.units[known["unit_id"]] = (standing.units[known["unit_id"]][0], edited)
            standing.versions[known["version_id"]] = ("", standing.versions[known["version_id"]][1])
            standing.versions[row["version_id"]] = ("draft", edited)


def _replay_enactment(standing: Standing, run_id: str, rows: list[Row]) -> None:
    effects = standing.effects.get(run_id)
    if effects is None:
        own = {row["unit_id"] for row in rows}
        state = [row for _, row in standing.units.values() if row["unit_id"] in own]
        for row in state:
            standing.to("enacted", row, run_id)
            standing.versions[row["version_id"]] = ("enacted", row)
    else:
        state = rows
        for row in effects.taken_out:
            standing.versions[row["version_id"]] = ("superseded", row)
            if row["address"] in effects.gone:
                standing.to("superseded", row, run_id)
        for row in effects.drafts:
            standing.versions[row["version_id"]] = ("enacted", row)
            standing.to("enacted", row, run_id)
    standing.law, standing.newest, standing.drafting = {row["address"]: row for row in state}, run_id, ""
    standing.states[run_id] = state


def _replay_revert(standing: Standing, run_id: str, rows: list[Row]) -> None:
    effects = standing.effects.get(run_id)
    for row in rows if effects is None else effects.drafts:
        lifecycle, now = standing.units.get(row["unit_id"], ("", row))
        if lifecycle == "draft":
            standing.to("superseded", now, run_id)
        standing.versions[row["version_id"]] = ("superseded", standing.versions.get(row["version_id"], ("", row))[1])
        if now.get("is_edited"):
            standing.versions[row["version_id"]] = ("", row)
            standing.versions[now["version_id"]] = ("", now)
    standing.drafting = ""


def documents_are_as_ruled(subject: Subject) -> Found:
    """Units, versions, log and readers' view are what the used rulings made, in order; a text is that of its versions."""
    for docprefix in sorted({row["docprefix"] for row in subject.runs}):
        standing = subject.standing(docprefix)
        for thing, says in standing.wrong:
            yield Violation("ruled", thing, says)
        yield from _units_stand(subject, docprefix, standing)
        yield from _versions_stand(subject, standing)
        yield from _is_logged(subject, docprefix, standing)
        yield from _readers_see(subject, docprefix, standing)
        for run_id in standing.states:
            yield from _composed(subject, run_id, standing.states[run_id])


def _units_stand(subject: Subject, docprefix: str, standing: Standing) -> Found:
    units = {row["id"]: row for row in subject.table("public.information_unit")}
    for unit_id, (lifecycle, row) in standing.units.items():
        unit = units.get(unit_id)
        if unit is None:
            yield Violation("ruled", row["address"], f"has to be {lifecycle}, and its unit is not there")
            continue
        pairs = {
            "lifecycle": (unit["lifecycle_status"], lifecycle),
            "address": (unit["canonical_address"], row["address"]),
            "document": (unit["doc_code"], docprefix),
            "parent": (unit["parent_or_container_ref"], row["parent_address"]),
            "kind": (unit["unit_kind"], row["unit_kind"]),
            "section type": (unit["section_type"], row["section_type"]),
            "number": (unit["section_code"], row["section_code"]),
            "version": (unit["version_anchor_ref"], row["version_id"]),
            "hash": (unit["content_anchor_ref"], row["body_sha256"]),
        }
        yield from _pairs(row["address"], pairs)
    for unit in units.values():
        if unit["doc_code"] == docprefix and unit["id"] not in standing.units and not subject.is_base(unit):
            yield Violation("ruled", unit["canonical_address"], "is a unit of the document that no used ruling made")


def _versions_stand(subject: Subject, standing: Standing) -> Found:
    versions = {row["id"]: row for row in subject.table("public.unit_version")}
    for version_id, (lifecycle, row) in standing.versions.items():
        version, name = versions.get(version_id), f"{row['address']} version {version_id}"
        if version is None:
            yield Violation("ruled", name, f"has to be {lifecycle}, and is not there")
            continue
        pairs = {
            "lifecycle": (version["lifecycle_status"] if lifecycle else "", lifecycle),
            "unit": (version["unit_id"], row["unit_id"]),
            "title": (version["title"], row["title"]),
            "body": (sha256(version["body"].encode()), row["body_sha256"]),
            "hash": (version["content_hash"], row["body_sha256"]),
        }
        yield from _pairs(name, pairs)
    for version in versions.values():
        if version["unit_id"] in standing.units and version["id"] not in standing.versions:
            yield Violation("ruled", str(version["id"]), "is a version of the document that no used ruling made")


def _pairs(thing: str, pairs: dict[str, tuple[object, object]]) -> Found:
    wrong = "; ".join(
        f"{name} is {there}, ruled was {ruled}" for name, (there, ruled) in pairs.items() if there != ruled
    )
    if wrong:
        yield Violation("ruled", thing, wrong)


def _is_logged(subject: Subject, docprefix: str, standing: Standing) -> Found:
    runs = {row["run_id"] for row in subject.runs if row["docprefix"] == docprefix}
    logged = Counter(
        (row["run_id"], row["unit_id"], row["from_status"], row["to_status"])
        for row in subject.table("public.iu_lifecycle_log")
        if row["run_id"] in runs
    )
    for run_id, unit_id, before, after in (logged - standing.logged) + (standing.logged - logged):
        key = (run_id, unit_id, before, after)
        yield Violation(
            "ruled", run_id, f"{logged[key]} log rows {before} to {after} of unit {unit_id}, not {standing.logged[key]}"
        )


def _readers_see(subject: Subject, docprefix: str, standing: Standing) -> Found:
    """What is in force is the law, whole; where that begins later, the newest text before it that counts already."""
    rulings = {row["statement_sha256"]: row for row in subject.ledger("approval")}
    now, later = datetime.now(UTC), set()
    for use in subject.ledger("approval_use"):
        begins = rulings.get(use["statement_sha256"], {}).get("in_force_from")
        if use["purpose"] == "enact" and begins is not None and begins > now:
            later.add(use["run_id"])
    counting = [state for run_id, state in standing.states.items() if run_id not in later]
    seen = {
        (row["canonical_address"], row["parent"] or "", row["title"], sha256(row["body"].encode()))
        for row in subject.ledger("v_in_force")
        if row["docprefix"] == docprefix
    }
    law = {
        (row["address"], row["parent_address"] or "", row["title"] or "", row["body_sha256"])
        for row in (counting[-1] if counting else ())
    }
    if seen != law:
        names = sorted({str(row[0]) for row in seen ^ law})
        yield Violation("ruled", docprefix, f"readers see {len(seen)} units, {len(law)} are law; different: {names}")


def _composed(subject: Subject, run_id: str, state: list[Row]) -> Found:
    """The text between the units with the bodies of the versions is the canonical text; edited drafts have another."""
    run = next(row for row in subject.runs if row["run_id"] == run_id)
    seals = subject.of_run("manifest_seal", run_id)
    if not seals or seals[0]["other_text"] is None or any(row.get("is_edited") for row in state):
        return
    versions = {row["id"]: row for row in subject.table("public.unit_version")}
    between, text, at = bytes(seals[0]["other_text"]), b"", 0
    for row in sorted(state, key=lambda row: int(row["seq"])):
        gap = int(row["byte_start"]) - at
        version = versions.get(row["version_id"])
        text += between[:gap] + (version["body"].encode() if version else b"")
        between, at = between[gap:], int(row["byte_end"])
    if sha256(text + between) != run["canonical_sha256"]:
        yield Violation(
            "ruled", run_id, f"its versions make text {sha256(text + between)}, not {run['canonical_sha256']}"
        )


def amendments_are_differences(subject: Subject) -> Found:
    """An amendment is planned, signed and written as the differences from the law of that time, and names that law.

    A repeal likewise: all of it is gone.
    """
    for run in (row for row in subject.runs if row["operation"] in OF_LAW):
        run_id, standing = run["run_id"], subject.standing(run["docprefix"])
        if run_id in standing.planned:
            base_run, digest, effects = standing.planned[run_id]
            if run["base_digest"] != digest:
                yield Violation("amends", run_id, f"names law {run['base_digest']}, at its plan it was {digest}")
            yield from _lists_agree(subject, run_id, base_run, digest, effects)
        elif _at_least(run, "cutplan_ok"):
            yield Violation("amends", run_id, f"is at {run['stage']}, and no event says when it was planned")
        for ruling in subject.of_run("approval", run_id):
            yield from _says_so(ruling, run)
        yield from _renumbered(subject, run)


def _lists_agree(subject: Subject, run_id: str, base_run: str, digest: str, effects: Effects) -> Found:
    """What the plan says of itself, against the law of its time."""
    path = subject.root / "runs" / run_id / "plan.json"
    if not path.exists():
        return
    said = _object(path).get("amendment") or {}
    wanted: Row = {
        "base_run_id": base_run,
        "base_digest": digest,
        "unchanged": len(effects.unchanged),
        "changed": effects.changed,
        "new": effects.new,
        "gone": effects.gone,
        "returning": sorted(effects.returning),
    }
    there = {**said, "gone": sorted(said.get("gone", ())), "returning": sorted(said.get("returning", ()))}
    for name, value in wanted.items():
        if there.get(name) != value:
            yield Violation("amends", run_id, f"its plan says {name} {there.get(name)}, and it is {value}")


def _says_so(ruling: Row, run: Row) -> Found:
    try:
        said = json.loads(bytes(ruling["statement"]))
    except ValueError:
        return
    base = (said.get("amendment") or {}).get("base_digest")
    if (said.get("operation"), base) != (run["operation"], run["base_digest"]):
        says = f"its {ruling['kind']} is over operation {said.get('operation')} of law {base}, not {run['base_digest']}"
        yield Violation("amends", run["run_id"], says)


def _renumbered(subject: Subject, run: Row) -> Found:
    """An alias for each renumbering that was signed, from the enactment on."""
    plan = _object(subject.root / "runs" / run["run_id"] / "plan.json").get("amendment") or {}
    stated = {(row["old"], row["new"]) for row in plan.get("moved", ())}
    wanted = stated if _at_least(run, "lifecycle_enacted") else set()
    there = {
        (row["alias"], row["canonical_address"]) for row in subject.of_run("canonical_address_alias", run["run_id"])
    }
    if there != wanted:
        yield Violation("amends", run["run_id"], f"has aliases {sorted(there)}, stated were {sorted(wanted)}")


# ---------------------------------------------------------------------------------------------------------------------
# The rows of a run are none or exactly the plan
# ---------------------------------------------------------------------------------------------------------------------


def rows_of_a_run(subject: Subject) -> Found:
    """A run's rows are none or exactly the plan, and its state says which."""
    for run in subject.runs:
        if run["operation"] in {"cut", *OF_LAW}:
            yield from _rows_of_cut(subject, run)
    yield from _strays(subject)


def _rows_of_cut(subject: Subject, run: Row) -> Found:
    run_id, n = run["run_id"], 0 if run["operation"] == "repeal" else run["n_units"]
    uses = {row["purpose"]: row for row in subject.of_run("approval_use", run_id)}
    blocks = subject.of_run("manifest_unit_block", run_id)
    units = {row["id"]: row for row in subject.table("public.information_unit")}
    mine = [units[block["unit_id"]] for block in blocks if block["unit_id"] in units]
    is_cut = _at_least(run, "cut_leg_a_committed")
    wanted = (1, 1, 1, n, n, n) if is_cut else (0, 0, 0, 0, 0, 0)
    versions = {row["id"] for row in subject.table("public.unit_version")}
    found = (
        int("cut" in uses),
        len(subject.of_run("manifest_envelope", run_id)),
        len(subject.of_run("manifest_seal", run_id)),
        len(blocks),
        len(mine),
        sum(block["version_id"] in versions for block in blocks),
    )
    if found != wanted:
        yield Violation(
            "rows",
            run_id,
            f"is {run['family']} at {run['stage']} and has {found} used rulings, envelopes, seals, manifest rows, units, versions; {wanted} belong to it",
        )
        return
    if is_cut:
        yield from _equal_to_plan(subject, run, blocks)
        yield from _lifecycle(subject, run, uses, mine)
    is_recorded = _at_least(run, "leg_b_recorded")
    written = {(row["unit_id"], row["version_id"]) for row in blocks}
    if run["operation"] in OF_LAW and is_recorded:
        effects = subject.standing(run["docprefix"]).effects.get(run_id, Effects())
        written = effects.affected
    yield from _recorded(subject, run, written if is_recorded else set())


def _lifecycle(subject: Subject, run: Row, uses: dict[str, Row], units: list[Row]) -> Found:
    is_enacted, is_reverted = _at_least(run, "lifecycle_enacted"), run["family"] == "reverted"
    if run["docprefix"] not in subject.amended:
        yield from _one_state(
            subject, run, "superseded" if is_reverted else "enacted" if is_enacted else "draft", units
        )
    for purpose, is_so in (("enact", is_enacted), ("revert", is_reverted)):
        verdicts = sum(row["verdict"] == purpose for row in subject.of_run("review_decision", run["run_id"]))
        if (purpose in uses, verdicts) != (is_so, int(is_so)):
            yield Violation(
                "rows",
                run["run_id"],
                f"is {run['family']} at {run['stage']}: {purpose} used: {purpose in uses}, decisions: {verdicts}",
            )


def _one_state(subject: Subject, run: Row, expected: str, units: list[Row]) -> Found:
    """All units of a first cut have one state; those of a document that was amended are judged one by one."""
    states = Counter(row["lifecycle_status"] for row in units)
    if states != Counter({expected: len(units)}):
        yield Violation("rows", run["run_id"], f"is {run['family']} at {run['stage']}, its units are {dict(states)}")
    logged = Counter(
        (row["from_status"], row["to_status"])
        for row in subject.table("public.iu_lifecycle_log")
        if row["run_id"] == run["run_id"]
    )
    wanted = Counter({("draft", expected): len(units)}) if expected != "draft" else Counter()
    if logged != wanted:
        yield Violation("rows", run["run_id"], f"has log rows {dict(logged)}, {dict(wanted)} belong to it")


def _equal_to_plan(subject: Subject, run: Row, blocks: list[Row]) -> Found:
    """Manifest, units and versions against the plan's file, and the plan's file against its digest."""
    run_id = run["run_id"]
    path = subject.root / "runs" / run_id / "plan.json"
    units = {row["id"]: row for row in subject.table("public.information_unit")}
    versions = {row["id"]: row for row in subject.table("public.unit_version")}
    if path.exists():
        raw = path.read_bytes()
        if sha256(raw) != run["plan_digest"]:
            yield Violation("rows", run_id, f"plan.json has digest {sha256(raw)}, the run {run['plan_digest']}")
            return
        planned = [_planned(one) for one in json.loads(raw)["document"]["units"]]
        there = [_blocked(one) for one in sorted(blocks, key=lambda row: int(row["seq"]))]
        for number, (left, right) in enumerate(zip(planned, there, strict=False), 1):
            if left != right:
                yield Violation("rows", run_id, f"unit {number} is {right}, planned was {left}")
        if len(planned) != len(there):
            yield Violation("rows", run_id, f"{len(there)} units in the manifest, {len(planned)} planned")
    edited = {
        row["address"]
        for other in subject.runs
        if other["operation"] == "edit" and other["docprefix"] == run["docprefix"]
        for row in subject.of_run("manifest_unit_block", other["run_id"])
    }
    for block in blocks:
        if sha256(block["body"].encode()) != block["body_sha256"]:
            yield Violation("rows", f"{run_id} {block['address']}", "has another body in the manifest than its digest")
        if block["address"] in edited or run["docprefix"] in subject.amended:
            continue
        unit, version = units[block["unit_id"]], versions[block["version_id"]]
        wrong = _differs(block, unit, version, run)
        if wrong:
            yield Violation("rows", f"{run_id} {block['address']}", wrong)


def _planned(unit: Row) -> tuple[object, ...]:
    return tuple(
        unit[name] or ""
        for name in ("address", "parent", "unit_kind", "section_type", "number", "title", "body_sha256")
    )


def _blocked(row: Row) -> tuple[object, ...]:
    names = ("address", "parent_address", "unit_kind", "section_type", "section_code", "title", "body_sha256")
    return tuple(row[name] or "" for name in names)


def _differs(block: Row, unit: Row, version: Row, run: Row) -> str:
    body = sha256(version["body"].encode())
    pairs = {
        "address": (unit["canonical_address"], block["address"]),
        "parent": (unit["parent_or_container_ref"], block["parent_address"]),
        "kind": (unit["unit_kind"], block["unit_kind"]),
        "section type": (unit["section_type"], block["section_type"]),
        "number": (unit["section_code"], block["section_code"]),
        "document": (unit["doc_code"], run["docprefix"]),
        "version": (unit["version_anchor_ref"], block["version_id"]),
        "unit of the version": (version["unit_id"], block["unit_id"]),
        "title": (version["title"], block["title"]),
        "body": (body, block["body_sha256"]),
        "hash of the version": (version["content_hash"], block["body_sha256"]),
        "hash of the unit": (unit["content_anchor_ref"], block["body_sha256"]),
        "body in the manifest": (sha256(block["body"].encode()), block["body_sha256"]),
        "lifecycle of the version": (version["lifecycle_status"], unit["lifecycle_status"]),
    }
    return "; ".join(
        f"{name} is {there}, signed was {signed}" for name, (there, signed) in pairs.items() if there != signed
    )


def _recorded(subject: Subject, run: Row, written: set[tuple[Any, Any]]) -> Found:
    n = len(written)
    sets = subject.of_run("cut_change_set", run["run_id"])
    ids = {row["id"] for row in sets}
    affected = [row for row in subject.ledger("cut_change_set_affected_row") if row["change_set_id"] in ids]
    signed = [row for row in subject.ledger("dot_pair_signature") if row["change_set_id"] in ids]
    decided = [row for row in subject.of_run("review_decision", run["run_id"]) if row["verdict"] == "cut"]
    entries = subject.of_run("decision_backlog_entry", run["run_id"])
    one = int(n > 0)
    found = (len(sets), len(affected), len(signed), len(decided), len(entries))
    if found != (one, n, one, one, one):
        yield Violation(
            "rows",
            run["run_id"],
            f"is at {run['stage']} and has {found} change sets, affected rows, signatures, decisions, backlog entries; {(one, n, one, one, one)} belong to it",
        )
    if n and {(row["unit_id"], row["version_id"]) for row in affected} != written:
        yield Violation(
            "rows", run["run_id"], "the affected rows are not those that it writes, and takes out of the law"
        )


def _strays(subject: Subject) -> Found:
    """Units and versions that no sealed manifest names."""
    sealed = {row["run_id"] for row in subject.ledger("manifest_seal")}
    blocks = [row for row in subject.ledger("manifest_unit_block") if row["run_id"] in sealed]
    known_units, known_versions = {row["unit_id"] for row in blocks}, {row["version_id"] for row in blocks}
    units = {row["id"]: row for row in subject.table("public.information_unit")}
    for unit in units.values():
        if unit["id"] not in known_units and not subject.is_base(unit):
            yield Violation("signed", unit["canonical_address"], "is a unit that no sealed manifest names")
    for version in subject.table("public.unit_version"):
        owner = units.get(version["unit_id"])
        if version["id"] not in known_versions and not (owner is not None and subject.is_base(owner)):
            yield Violation("signed", str(version["id"]), "is a version that no sealed manifest names")
        if owner is None:
            yield Violation("rows", str(version["id"]), "is a version of no unit")


# ---------------------------------------------------------------------------------------------------------------------
# No write without a ruling, none used twice
# ---------------------------------------------------------------------------------------------------------------------


def signed_writes(subject: Subject) -> Found:
    """Every write has a valid ruling of the right kind, used in the write's own transaction."""
    rulings = {row["statement_sha256"]: row for row in subject.ledger("approval")}
    runs = {row["run_id"]: row for row in subject.runs}
    for use in subject.ledger("approval_use"):
        name = f"{use['run_id']} to {use['purpose']}"
        ruling = rulings.get(use["statement_sha256"])
        if ruling is None:
            yield Violation("signed", name, f"uses {use['statement_sha256'][:12]}, which nobody imported")
            continue
        for wrong in _wrong_ruling(subject, use, ruling, runs[use["run_id"]]):
            yield Violation("signed", name, wrong)
    yield from _one_transaction(subject)


def _wrong_ruling(subject: Subject, use: Row, ruling: Row, run: Row) -> Iterator[str]:
    data, purpose = bytes(ruling["statement"]), use["purpose"]
    try:
        said = json.loads(data)
    except ValueError:
        yield "its statement is no JSON"
        return
    if sha256(data) != ruling["statement_sha256"] or canonical(said) != data:
        yield "its statement is not the bytes that its digest names, in canonical form"
    takes_back = purpose == "revert" and said.get("purpose") == "cut" and said.get("compensation") == "soft_revert"
    kind = "SG_1" if takes_back else KIND_OF.get(purpose, "none")
    if said.get("kind") != kind or (said.get("purpose") != purpose and not takes_back):
        yield f"its statement is {said.get('kind')} to {said.get('purpose')}"
    bound = {
        "run_id": run["run_id"],
        "plan_digest": run["plan_digest"],
        "source_sha256": run["source_sha256"],
        "canonical_sha256": run["canonical_sha256"],
        "baseline_digest": run["baseline_digest"],
    }
    for name, wanted in bound.items():
        if said.get(name) != wanted:
            yield f"its statement says {name} {said.get(name)}, the run {wanted}"
    if (
        not takes_back
        and not _time(said["not_before"]) <= use["used_at"].timestamp() + 120 <= _time(said["expires"]) + 120
    ):
        yield f"it was used at {use['used_at']}, valid from {said['not_before']} to {said['expires']}"
    if not 0 < _time(said["expires"]) - _time(said["not_before"]) <= LONGEST_S.get(kind, 0):
        yield f"it is valid from {said['not_before']} to {said['expires']}"
    begins, recorded = said.get("in_force_from"), ruling["in_force_from"]
    if (None if begins is None else _time(begins)) != (None if recorded is None else recorded.timestamp()):
        yield f"its statement says in force from {begins}, recorded is {recorded}"
    yield from _bound_to_rows(subject, said, purpose, run["run_id"])
    yield from _wrong_signatures(subject, ruling, said)


def _bound_to_rows(subject: Subject, said: Row, purpose: str, run_id: str) -> Iterator[str]:
    blocks, runs = subject.of_run("manifest_unit_block", run_id), {row["run_id"]: row for row in subject.runs}
    if purpose == "cut":
        if said.get("manifest_digest") != manifest_digest(blocks):
            yield f"it names manifest {said.get('manifest_digest')}, the rows have {manifest_digest(blocks)}"
        run = runs[run_id]
        ended = subject.standing(run["docprefix"]).effects.get(run_id, Effects()).gone
        n = len(ended if run["operation"] == "repeal" else blocks)
        if said.get("n_units") != n:
            yield f"it is about {said.get('n_units')} units, {n} were {'law' if run['operation'] == 'repeal' else 'written'}"
    if purpose == "enact":
        units = {row["id"]: row for row in subject.table("public.information_unit")}
        versions = {row["id"]: row for row in subject.table("public.unit_version")}
        root = merkle_root(drafts_of(subject, runs[run_id], units, versions))
        if said.get("draft_digest") != root:
            yield f"it names drafts {said.get('draft_digest')}, the rows have {root}"
        first = [row["statement_sha256"] for row in subject.of_run("approval_use", run_id) if row["purpose"] == "cut"]
        if [said.get("sg1_sha256")] != first:
            yield f"it names SG_1 {said.get('sg1_sha256')}, used was {first}"


def _wrong_signatures(subject: Subject, ruling: Row, said: Row) -> Iterator[str]:
    policies = {row["policy_sha256"]: bytes(row["policy"]) for row in subject.ledger("policy_pin")}
    raw = policies.get(said.get("policy_sha256", ""))
    if raw is None or sha256(raw) != said["policy_sha256"]:
        yield f"policy {said.get('policy_sha256')} is not pinned"
        return
    policy = json.loads(raw)
    if (
        len(ruling["signatures"]) != len(ruling["signers"])
        or len(set(ruling["signers"])) < policy["thresholds"][said["kind"]]
    ):
        yield f"{len(set(ruling['signers']))} signers, {policy['thresholds'][said['kind']]} wanted"
    named = {one["fingerprint"] for one in policy["signers"]}
    if not set(ruling["signers"]) <= named:
        yield f"signed by {sorted(set(ruling['signers']) - named)}, who is not in the policy"
    if subject.keys:
        good = {subject.verified(bytes(one), _signed_bytes(subject, ruling)) for one in ruling["signatures"]}
        if None in good or good != set(ruling["signers"]):
            yield f"gpg verifies {sorted(str(one) for one in good)}, recorded are {sorted(ruling['signers'])}"


def _signed_bytes(subject: Subject, ruling: Row) -> bytes:
    """What the signatures of a ruling are over: its statement, or that over the batch which names it."""
    over = {row["statement_sha256"]: row for row in subject.ledger("batch_ruling")}.get(ruling.get("batch_ruling"))
    return bytes((over or ruling)["statement"])


def verified_by(signature: bytes, data: bytes, keys: tuple[Path, ...]) -> str | None:
    """The primary fingerprint of a good signature by one of these public keys, or None; asks gpg in a home of its own."""
    with tempfile.TemporaryDirectory(prefix="chk-", dir="/tmp") as home:
        gpg = ["gpg", "--homedir", home, "--no-options", "--batch", "--quiet", "--no-autostart"]
        subprocess.run([*gpg, "--import", *map(str, keys)], check=True, capture_output=True, timeout=60)
        (Path(home) / "signature").write_bytes(signature)
        (Path(home) / "data").write_bytes(data)
        asked = [*gpg, "--status-fd", "1", "--trust-model", "always", "--verify", f"{home}/signature", f"{home}/data"]
        done = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=60)
    words = [line.split() for line in done.stdout.splitlines()]
    valid = [one[-1] for one in words if one[1:2] == ["VALIDSIG"]]
    return valid[0] if done.returncode == 0 and len(valid) == 1 else None


def _one_transaction(subject: Subject) -> Found:
    """A ruling is used in the transaction that has the effect and records it."""
    events = subject.ledger("run_event")
    phase_of = {"cut": "cut_leg_a", "enact": "lifecycle_enact", "revert": "revert"}
    seals = {row["run_id"]: row["xid"] for row in subject.ledger("manifest_seal")}
    envelopes = {row["run_id"]: row["xid"] for row in subject.ledger("manifest_envelope")}
    for use in subject.ledger("approval_use"):
        phase = phase_of.get(use["purpose"])
        if phase is None:
            continue
        at = {
            row["xid"]
            for row in events
            if (row["run_id"], row["phase"]) == (use["run_id"], phase) and row["outcome"] == "PASS"
        }
        at |= {seals.get(use["run_id"]), envelopes.get(use["run_id"])} if use["purpose"] == "cut" else set()
        if at != {use["xid"]}:
            yield Violation(
                "signed",
                f"{use['run_id']} to {use['purpose']}",
                f"ruling used in transaction {use['xid']}, effect and event in {sorted(map(str, at))}",
            )


def _time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def used_once(subject: Subject) -> Found:
    """A ruling serves one purpose once; only SG_1's own soft revert may follow its cut."""
    uses = subject.ledger("approval_use")
    for (run_id, purpose), times in Counter((row["run_id"], row["purpose"]) for row in uses).items():
        if times > 1:
            yield Violation("used once", f"{run_id} to {purpose}", f"was done {times} times")
    purposes: dict[str, list[str]] = {}
    for row in uses:
        purposes.setdefault(row["statement_sha256"], []).append(row["purpose"])
    for statement, served in purposes.items():
        if len(served) > 1 and sorted(served) != ["cut", "revert"]:
            yield Violation("used once", statement, f"served {sorted(served)}")
    decisions = Counter(row["id"] for row in subject.ledger("review_decision"))
    of_enactments = Counter(row["review_decision_id"] for row in subject.ledger("approval") if row["kind"] == "SG_2")
    cuts = {row["id"] for row in subject.ledger("review_decision") if row["verdict"] != "enact"}
    for decision, times in (decisions + Counter()).items():
        if times > 1 or (of_enactments[decision] and decision in cuts):
            yield Violation("used once", str(decision), "is a review decision that was used again")


# ---------------------------------------------------------------------------------------------------------------------
# The switch
# ---------------------------------------------------------------------------------------------------------------------


def switch_is_off(subject: Subject) -> Found:
    """The switch is off at rest and after a death: a lease that was taken up lives with its holder's session."""
    # The view is what everybody who asks is answered with; a row of the table that it leaves out is over.
    for lease in subject.ledger("v_lease"):
        if subject.sessions:
            continue
        if not subject.just_died:
            yield Violation(
                "switch",
                _leased(lease),
                f"is armed to {lease['purpose']} since {lease['armed_at']}, and nobody is there",
            )
        elif lease["purpose"] != "cut" or _was_taken_up(subject, lease):
            how = "taken up" if lease["purpose"] == "cut" else "opened by the command that was to use it"
            yield Violation(
                "switch",
                _leased(lease),
                f"the lease to {lease['purpose']} was {how}, nobody is there, and it is open",
            )
    runs = {row["run_id"]: row for row in subject.runs}
    for lease in subject.ledger("v_lease"):
        covered = [runs[run_id] for run_id in _covered(subject, lease)]
        if all(run["family"] in OVER or run["stage"] == "closeout_reported" for run in covered):
            says = ", ".join(sorted({f"{run['family']} at {run['stage']}" for run in covered})) or "nothing is in it"
            yield Violation("switch", _leased(lease), f"is over ({says}) and armed")
    yield from _used_under_a_lease(subject)


def _leased(lease: Row) -> str:
    """The run or the batch that a lease is for."""
    return str(lease["run_id"] or lease["batch_id"])


def _covered(subject: Subject, lease: Row) -> list[str]:
    """The runs that a lease is for."""
    members = [row["run_id"] for row in subject.ledger("batch_member") if row["batch_id"] == lease["batch_id"]]
    return members if lease["batch_id"] is not None else [lease["run_id"]]


def _used_under_a_lease(subject: Subject) -> Found:
    """A ruling is used under a lease of its run or of its batch, to the same purpose, while that was open."""
    for use in subject.ledger("approval_use"):
        if not any(
            lease["purpose"] == use["purpose"]
            and use["run_id"] in _covered(subject, lease)
            and lease["armed_at"] <= use["used_at"] <= lease["expires_at"]
            and (lease["ended_at"] is None or use["used_at"] <= lease["ended_at"])
            for lease in subject.ledger("execution_lease")
        ):
            yield Violation(
                "switch", f"{use['run_id']} to {use['purpose']}", f"was written at {use['used_at']} under no lease"
            )


def _was_taken_up(subject: Subject, lease: Row) -> bool:
    armed = lease["armed_at"].timestamp()
    chains = (subject.chains.get(run_id) for run_id in _covered(subject, lease))
    records = (record for chain in chains if chain is not None for record in chain.records)
    begun = (one for one in records if one.kind == "intent" and one.phase in MUTATING)
    return any(_time(one.time) > armed for one in begun)


# ---------------------------------------------------------------------------------------------------------------------
# Verification, and what nobody was to touch
# ---------------------------------------------------------------------------------------------------------------------


def _was_edited_since(subject: Subject, run: Row, result: Row) -> bool:
    edits = {
        one["run_id"] for one in subject.runs if (one["operation"], one["docprefix"]) == ("edit", run["docprefix"])
    }
    uses = (use for use in subject.ledger("approval_use") if use["purpose"] == "edit" and use["run_id"] in edits)
    return any(use["used_at"] > result["verified_at"] for use in uses)


def verified_means_equal(subject: Subject) -> Found:
    """A verification that passed names the digest that the rows have, or had until an edit; a step behind it had one."""
    units = {row["id"]: row for row in subject.table("public.information_unit")}
    versions = {row["id"]: row for row in subject.table("public.unit_version")}
    signatures = {row["verify_result_id"]: row["signed_digest"] for row in subject.ledger("dot_pair_signature")}
    for run in (row for row in subject.runs if row["operation"] in {"cut", *OF_LAW}):
        results = sorted(subject.of_run("verify_result", run["run_id"]), key=lambda row: str(row["verified_at"]))
        passed = [row for row in results if row["outcome"] == "PASS"]
        if _at_least(run, "awaiting_lifecycle_authorization") and not passed:
            yield Violation("verified", run["run_id"], f"is at {run['stage']} without a verification that passed")
        root = merkle_root(drafts_of(subject, run, units, versions))
        if passed and _was_edited_since(subject, run, results[-1]):
            # It was given to what the rows were: nothing goes on from it before another one.
            if _at_least(run, "lifecycle_enacted"):
                yield Violation(
                    "verified", run["run_id"], f"is at {run['stage']}, and was edited since it was verified"
                )
        elif passed and results[-1]["outcome"] == "PASS" and signatures.get(passed[-1]["id"]) != root:
            yield Violation(
                "verified", run["run_id"], f"PASS was given to {signatures.get(passed[-1]['id'])}, the rows have {root}"
            )
        for result in passed:
            if result["verified_by"] != "cutter_verify" or not result["checks"]:
                yield Violation(
                    "verified", run["run_id"], f"PASS by {result['verified_by']}, {len(result['checks'] or ())} checks"
                )


def untouched_rows(subject: Subject) -> Found:
    """What was there before is there, and only what a ruling names has changed."""
    if subject.snapshot is None:
        return
    now = take_snapshot(subject.dsn)["rows"]
    runs = {row["run_id"]: row for row in subject.runs}
    new_uses = [
        row
        for row in subject.ledger("approval_use")
        if _key(row, "cutter_governance.approval_use")
        not in subject.snapshot["rows"].get("cutter_governance.approval_use", {})
    ]
    touched = {
        str(row[name])
        for use in new_uses
        for row in subject.of_run("manifest_unit_block", use["run_id"])
        for name in ("unit_id", "version_id")
        if runs[use["run_id"]]["operation"] not in OF_LAW
    }
    for use in new_uses:
        if runs[use["run_id"]]["operation"] in OF_LAW:
            standing = subject.standing(runs[use["run_id"]]["docprefix"])
            touched |= {str(each) for each in standing.effects.get(use["run_id"], Effects()).may_change(use["purpose"])}
    for table, before in subject.snapshot["rows"].items():
        there = now.get(table)
        if there is None:
            yield Violation("untouched", table, "is gone")
            continue
        for key, digest in before.items():
            if key not in there:
                yield Violation("untouched", f"{table} {key}", "is gone")
            elif there[key] != digest and not _may_change(table, key, touched, subject):
                yield Violation("untouched", f"{table} {key}", "has changed, and no ruling names it")


def _may_change(table: str, key: str, touched: set[str], subject: Subject) -> bool:
    if table not in MAY_CHANGE:
        return False
    if table.startswith("public."):
        return key in touched
    if table.startswith("cutter_governance.kept_"):
        return True  # what is kept follows the rows, and is judged beside them
    assert subject.snapshot is not None
    return key not in subject.snapshot["ended"]


def kept_is_what_is_there(subject: Subject) -> Found:
    """The numbers and digests that are kept beside the rows are those of the rows."""
    for kept in subject.ledger("kept_count"):
        rows = len(subject.table(kept["table_name"]))
        if rows != kept["rows"]:
            yield Violation("kept", kept["table_name"], f"has {rows} rows, and {kept['rows']} are kept")
    versions = {version["id"]: version for version in subject.table("public.unit_version")}
    lines: dict[str, list[tuple[bytes, str]]] = {}
    for unit in subject.table("public.information_unit"):
        version = versions.get(unit["version_anchor_ref"])
        if version is None or unit["lifecycle_status"] not in {"draft", "enacted"} or unit["deleted_at"] is not None:
            continue
        fields = (
            *(unit["canonical_address"], unit["parent_or_container_ref"] or "", unit["unit_kind"]),
            *(unit["section_type"], unit["section_code"], unit["lifecycle_status"], version["version_seq"]),
            *(version["title"], hashlib.sha256(version["body"].encode()).hexdigest()),
        )
        line = "\x1f".join(str(field) for field in fields if field is not None)
        lines.setdefault(unit["doc_code"] or "", []).append((unit["canonical_address"].encode(), line))
    for kept in subject.ledger("kept_document"):
        units = [line for _, line in sorted(lines.get(kept["docprefix"], []))]
        digest = hashlib.sha256("\n".join(units).encode()).hexdigest()
        if kept["digest"] is not None and (kept["units"], kept["digest"]) != (len(units), digest):
            yield Violation("kept", kept["docprefix"], "its digest is not that of its rows")


LEASED = {"cut", "edit", "enact", "revert", "record"}
"""Steps of an effect that need the switch; a backup must hold what those of others wrote."""


def effects_are_accounted(subject: Subject) -> Found:
    """Each effect added what its run was signed to add, and nothing else came between two of them or since.

    So a plan may be written beside the effects of other runs: what they do not explain is nothing that is there.
    """
    effects = sorted(subject.ledger("run_effect"), key=lambda row: int(row["id"]))
    before: Row | None = None
    for effect in effects:
        name = f"{effect['run_id']} to {effect['step']}"
        if before is not None:
            yield from _between(name, before["rows_before"], before["rows_added"], effect["rows_before"])
        wanted = _wanted_rows(subject, effect)
        if effect["rows_added"] != wanted:
            yield Violation("effects", name, f"added {effect['rows_added']}, {wanted} belong to it")
        if effect["step"] in LEASED and not _is_backed_up(subject, effect, effects):
            yield Violation("effects", name, "has no backup that holds what others wrote before it")
        before = effect
    if before is not None:
        there = {table: len(subject.table(table)) for table in before["rows_before"] if table in TABLES}
        yield from _between("now", before["rows_before"], before["rows_added"], there)
    yield from _effect_of_each_use(subject, effects)


def _between(name: str, before: Row, added: Row, after: Row) -> Found:
    for table, rows in sorted(after.items()):
        expected = before.get(table, 0) + added.get(table, 0)
        if rows != expected:
            yield Violation("effects", name, f"{table} has {rows} rows, {expected} by the effects before it")


def _wanted_rows(subject: Subject, effect: Row) -> dict[str, int]:
    """What an effect has to add, out of the manifests and the rows of its run."""
    run = next(row for row in subject.runs if row["run_id"] == effect["run_id"])
    run_id, of_law = run["run_id"], run["operation"] in OF_LAW
    blocks = len(subject.of_run("manifest_unit_block", run_id))
    made = drafts = touched = int(run["n_units"])
    if of_law:
        changes = subject.standing(run["docprefix"]).effects.get(run_id, Effects())
        made, drafts = len(changes.new) - len(changes.returning), len(changes.drafts)
        touched = drafts + len(changes.gone)
    ledger = "cutter_governance."
    manifest = {f"{ledger}manifest_envelope": 1, f"{ledger}manifest_unit_block": blocks}
    log = sum(row["run_id"] == run_id and row["to_status"] == "superseded" for row in subject.table(_LOG_TABLE))
    entries = len(subject.of_run("decision_backlog_entry", run_id))
    step = {f"{ledger}review_decision": 1, f"{ledger}decision_backlog_history": entries}
    rows = {
        "cut": {"public.information_unit": made, "public.unit_version": drafts, **manifest},
        "edit": {"public.unit_version": blocks, **manifest},
        "record": {
            **{f"{ledger}{name}": 1 for name in ("review_decision", "cut_change_set", "dot_pair_signature")},
            **{f"{ledger}{name}": 1 for name in ("decision_backlog_entry", "decision_backlog_history")},
            f"{ledger}cut_change_set_affected_row": touched,
        },
        "verify": {f"{ledger}verify_result": 1, f"{ledger}dot_pair_signature": 1},
        "enact": {
            _LOG_TABLE: touched,
            f"{ledger}canonical_address_alias": len(subject.of_run("canonical_address_alias", run_id)),
            **step,
        },
        "revert": {_LOG_TABLE: log, **step},
    }
    return {table: number for table, number in rows[effect["step"]].items() if number}


_LOG_TABLE = "public.iu_lifecycle_log"


def _is_backed_up(subject: Subject, effect: Row, effects: list[Row]) -> bool:
    """A proof of the run or of its batch, recorded after the last leased effect of a run outside of it."""
    batches = {row["run_id"]: row["batch_id"] for row in subject.ledger("batch_member")}
    batch = batches.get(effect["run_id"])
    own = {effect["run_id"], *(run_id for run_id, of in batches.items() if batch is not None and of == batch)}
    foreign = [
        int(row["id"])
        for row in effects
        if int(row["id"]) < int(effect["id"]) and row["run_id"] not in own and row["step"] in LEASED
    ]
    return any(
        proof["run_id"] in own
        and proof["recorded_at"] <= effect["recorded_at"]
        and int(proof["effect"]) >= max(foreign, default=0)
        for proof in subject.ledger("backup_proof")
    )


def _effect_of_each_use(subject: Subject, effects: list[Row]) -> Found:
    """An effect that needed a ruling, and the ruling's use, are of one transaction; none is without the other."""
    uses = Counter((row["run_id"], row["purpose"], str(row["xid"])) for row in subject.ledger("approval_use"))
    ruled = Counter(
        (row["run_id"], row["step"], str(row["xid"])) for row in effects if row["step"] not in {"record", "verify"}
    )
    for run_id, purpose, _ in uses - ruled:
        yield Violation("effects", f"{run_id} to {purpose}", "used a ruling in a transaction without an effect")
    for run_id, step, _ in ruled - uses:
        yield Violation("effects", f"{run_id} to {step}", "had an effect in a transaction that used no ruling")


def take_snapshot(dsn: str) -> dict[str, Any]:
    """A digest of every row of every table of the product, by its key; and which runs and leases were over."""
    rows: dict[str, dict[str, str]] = {}
    ended: list[str] = []
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        tables = connection.execute(
            "SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'cutter_governance') ORDER BY 1"
        ).fetchall()
        for table in (row["name"] for row in tables):
            query = sql.SQL("SELECT t.*, md5(t::text) AS row_digest FROM {}.{} t").format(
                *map(sql.Identifier, table.split("."))
            )
            found = connection.execute(query).fetchall()
            rows[table] = {_key(row, table): row["row_digest"] for row in found}
            if table == "cutter_governance.run":
                ended += [row["run_id"] for row in found if row["family"] in {"voided", "reverted"}]
            if table == "cutter_governance.execution_lease":
                ended += [str(row["id"]) for row in found if row["ended_at"] is not None]
    return {"rows": rows, "ended": ended}


_KEYS = {
    "cutter_governance.run": ("run_id",),
    "cutter_governance.approval_use": ("statement_sha256", "purpose"),
    "cutter_governance.execution_lease": ("id",),
    "cutter_governance.kept_count": ("table_name",),
    "cutter_governance.kept_document": ("docprefix",),
    "public.information_unit": ("id",),
    "public.unit_version": ("id",),
}


def _key(row: Row, table: str) -> str:
    """What names a row in the snapshot; of a table whose rows never change, the row itself."""
    names = _KEYS.get(table)
    return "|".join(str(row[name]) for name in names) if names else str(row.get("row_digest"))


# ---------------------------------------------------------------------------------------------------------------------
# Journals
# ---------------------------------------------------------------------------------------------------------------------


def journals_are_chained(subject: Subject) -> Found:
    """Every journal is an unbroken chain of its own run; only just after a death may it have a torn tail."""
    for run_id, chain in subject.chains.items():
        made = (subject.root / "runs" / run_id / "journal.jsonl").exists()
        if not made and _has_done_nothing(subject, run_id):
            continue
        if chain.wrong and (made or not subject.just_died):
            yield Violation("journal", run_id, chain.wrong)
        if chain.torn_bytes and not subject.just_died:
            yield Violation("journal", run_id, f"has a torn tail of {chain.torn_bytes} bytes")
    host = {row["run_id"] for row in subject.runs} - set(subject.chains)
    for run_id in sorted(host):
        yield Violation("journal", run_id, "is in the database and has no directory below this root")


def _has_done_nothing(subject: Subject, run_id: str) -> bool:
    """Whether a run died before it had a journal: the database does not know it, and no phase has left a record."""
    known = any(run["run_id"] == run_id for run in subject.runs)
    return not known and not any(path.name[:2].isdigit() for path in (subject.root / "runs" / run_id).iterdir())


def anchors_agree(subject: Subject) -> Found:
    """Every event of the console names a record of the journal, and what the journal says was done is in the database."""
    for run in subject.runs:
        run_id, chain = run["run_id"], subject.chains.get(run["run_id"])
        events = sorted(subject.of_run("run_event", run_id), key=lambda row: int(row["id"]))
        if chain is None:
            continue
        last = -1
        for event in events:
            name = f"{run_id} event {event['id']} ({event['phase']})"
            # Who becomes the holder has no key that the database knows yet: this event locks the first one.
            if not event["vouched"] and event["phase"] not in {"accept", "take over"}:
                yield Violation("anchor", name, f"was written by {event['actor']} without the journal's key")
                continue
            at = int(event["journal_seq"])
            if at <= last:
                yield Violation("anchor", name, f"names record {at} after {last}")
            last = at
            if at >= len(chain.records) or chain.records[at].hash != event["journal_head"]:
                yield Violation("anchor", name, f"names record {at}, which the journal does not have so")
        yield from _acknowledged(run_id, chain, events)
        if events and (events[-1]["stage"], events[-1]["family"], events[-1]["reason"]) != (
            run["stage"],
            run["family"],
            run["reason"],
        ):
            yield Violation(
                "anchor",
                run_id,
                f"is {run['family']} at {run['stage']}, its last event says {events[-1]['family']} at {events[-1]['stage']}",
            )


def _acknowledged(run_id: str, chain: Chain, events: list[Row]) -> Found:
    """What the journal calls done is in the database."""
    there = {event["phase"] for event in events if event["outcome"] == "PASS"}
    for record in chain.records:
        done = record.kind == "result" and record.value("outcome") == "PASS"
        if done and record.phase in {*PHASES, "revert"} and record.phase not in there:
            yield Violation(
                "acknowledged",
                f"{run_id} record {record.sequence}",
                f"says that {record.phase} is done, the database has no such event",
            )


def intent_before_effect(subject: Subject) -> Found:
    """The journal has an intent and the transaction's id before the effect that an event, a ruling or a lease records."""
    for run in subject.runs:
        run_id, chain = run["run_id"], subject.chains.get(run["run_id"])
        if chain is None:
            continue
        for event in subject.of_run("run_event", run_id):
            if event["vouched"] and event["phase"] not in ANCHORS and event["outcome"] in {"PASS", "NOT_RUN"}:
                yield from _announced(run_id, chain, event, _intent_of(run["operation"], event["phase"]))
        for table, phase, moment in (("approval", "import", "imported_at"), ("execution_lease", "arm", "armed_at")):
            intents = sorted(_time(one.time) for one in chain.records if (one.kind, one.phase) == ("intent", phase))
            # A ruling over a batch is imported for all of its members, and none of their journals has that.
            alone = [row for row in subject.of_run(table, run_id) if row.get("batch_ruling") is None]
            effects = sorted(row[moment].timestamp() for row in alone)
            if len(intents) < len(effects) or any(
                intent > effect for intent, effect in zip(intents, effects, strict=False)
            ):
                yield Violation(
                    "intent", run_id, f"{len(effects)} rows in {table}, {len(intents)} intents to {phase} before them"
                )


def _intent_of(operation: str, phase: str) -> str:
    """The phase of the intent that an event stands behind: of an edit, whose steps share transactions, that of its operation."""
    return INTENTS_OF_EDIT.get(phase, phase) if operation == "edit" else phase


def _announced(run_id: str, chain: Chain, event: Row, phase: str) -> Found:
    at, name = int(event["journal_seq"]), f"{run_id} {event['phase']}"
    before = chain.records[: at + 1]
    intents = [one.sequence for one in before if (one.kind, one.phase) == ("intent", phase)]
    if not intents:
        yield Violation("intent", name, f"event {event['id']} names record {at}, and no intent stands before it")
    elif not any(one.value("xid") == str(event["xid"]) and one.sequence > intents[-1] for one in before):
        yield Violation("intent", name, f"transaction {event['xid']} is not in the journal between intent and effect")


# ---------------------------------------------------------------------------------------------------------------------
# Batches
# ---------------------------------------------------------------------------------------------------------------------

BATCH_STATEMENT = "cutter-console/batch-statement/1"


def batches_are_as_signed(subject: Subject) -> Found:
    """A batch has the members that its file names, and a ruling over it names each member's plan and statement as they are."""
    for batch in subject.ledger("batch"):
        yield from _members_recorded(subject, batch)
    for ruling in subject.ledger("batch_ruling"):
        for wrong in _wrong_batch_ruling(subject, ruling):
            yield Violation("batch", f"{ruling['batch_id']} to {ruling['purpose']}", wrong)
    known = {row["statement_sha256"] for row in subject.ledger("batch_ruling")}
    for ruling in subject.ledger("approval"):
        if ruling["batch_ruling"] is not None and ruling["batch_ruling"] not in known:
            yield Violation(
                "batch",
                ruling["run_id"],
                f"has a ruling of statement {ruling['batch_ruling'][:12]}, which is not there",
            )


def members_of(subject: Subject, batch_id: str) -> list[Row]:
    """The members of a batch, in their order."""
    rows = (row for row in subject.ledger("batch_member") if row["batch_id"] == batch_id)
    return sorted(rows, key=lambda row: int(row["position"]))


def _members_recorded(subject: Subject, batch: Row) -> Found:
    batch_id, members = batch["batch_id"], members_of(subject, batch["batch_id"])
    runs = {row["run_id"]: row for row in subject.runs}
    mine = [runs[row["run_id"]] for row in members if row["run_id"] in runs]
    if [row["position"] for row in members] != list(range(1, batch["n_members"] + 1)):
        places = [row["position"] for row in members]
        yield Violation("batch", batch_id, f"is of {batch['n_members']} members, and has those of places {places}")
    if len(mine) != len(members) or {run["operation"] for run in mine} - {"cut"}:
        yield Violation("batch", batch_id, "has members that are no first cuts")
    for docprefix, times in Counter(run["docprefix"] for run in mine).items():
        if times > 1:
            yield Violation("batch", batch_id, f"has {docprefix} {times} times")
    place = subject.root / "runs" / batch_id
    named = [str(one.get("run_id")) for one in _object(place / "batch.json").get("members", ())]
    recorded = [str(row["run_id"]) for row in members]
    if place.exists() and [run_id for run_id in named if run_id in recorded] != recorded:
        yield Violation("batch", batch_id, f"has members {recorded}, its file names {named}")


def batch_digest(subject: Subject, batch_id: str) -> str:
    """sha256 over a line for each member: place, run, document, plan digest, number of units."""
    runs = {row["run_id"]: row for row in subject.runs}
    lines = []
    for row in members_of(subject, batch_id):
        run = runs[row["run_id"]]
        said = (row["position"], run["run_id"], run["docprefix"], run["plan_digest"], run["n_units"])
        lines.append("\t".join(map(str, said)))
    return sha256("\n".join(lines).encode())


def _wrong_batch_ruling(subject: Subject, ruling: Row) -> Iterator[str]:
    data, batch_id, kind = bytes(ruling["statement"]), ruling["batch_id"], KIND_OF[ruling["purpose"]]
    try:
        said = json.loads(data)
    except ValueError:
        yield "its statement is no JSON"
        return
    if sha256(data) != ruling["statement_sha256"] or canonical(said) != data:
        yield "its statement is not the bytes that its digest names, in canonical form"
    wanted = {
        "schema": BATCH_STATEMENT,
        "kind": kind,
        "purpose": ruling["purpose"],
        "batch_id": batch_id,
        "batch_digest": batch_digest(subject, batch_id),
        "n_members": len(members_of(subject, batch_id)),
        "allowance": "explicit",
    }
    for name, value in wanted.items():
        if said.get(name) != value:
            yield f"its statement says {name} {said.get(name)}, and it is {value}"
    if not 0 < _time(said["expires"]) - _time(said["not_before"]) <= LONGEST_S[kind]:
        yield f"it is valid from {said['not_before']} to {said['expires']}"
    if not _time(said["not_before"]) - 120 <= ruling["imported_at"].timestamp() <= _time(said["expires"]):
        yield f"it was imported at {ruling['imported_at']}, valid from {said['not_before']} to {said['expires']}"
    yield from _wrong_list(subject, ruling, said)
    yield from _wrong_signatures(subject, {**ruling, "batch_ruling": None}, said)


def _wrong_list(subject: Subject, ruling: Row, said: Row) -> Iterator[str]:
    """The signed list against its digest, the members and their own statements."""
    data = bytes(ruling["members"])
    lines = [line.split("\t") for line in data.decode("utf-8", "replace").split("\n")]
    named = said.get("members") or {}
    if named.get("file_sha256") != sha256(data):
        yield f"it names list {named.get('file_sha256')}, and the list is {sha256(data)}"
    if any(len(line) != 7 for line in lines):
        yield "its list has lines that are none"
        return
    if (named.get("count"), named.get("n_units")) != (len(lines), sum(int(line[3]) for line in lines)):
        yield f"it counts {named.get('count')} members of {named.get('n_units')} units, and lists others"
    places = {row["run_id"]: str(row["position"]) for row in members_of(subject, ruling["batch_id"])}
    if [int(line[0]) for line in lines] != sorted({int(line[0]) for line in lines}):
        yield "its list is not in the order of the members"
    own = {
        row["run_id"]: row for row in subject.ledger("approval") if row["batch_ruling"] == ruling["statement_sha256"]
    }
    if sorted(own) != sorted(line[1] for line in lines):
        yield f"it lists {sorted(line[1] for line in lines)}, and rules on {sorted(own)}"
    runs = {row["run_id"]: row for row in subject.runs}
    for line in lines:
        if line[1] not in places or line[0] != places[line[1]]:
            yield f"it lists {line[1]} at place {line[0]}, where the batch does not have it"
        elif line[1] in own:
            yield from _wrong_line(line, own[line[1]], runs[line[1]], ruling, said)


def _wrong_line(line: list[str], own: Row, run: Row, ruling: Row, said: Row) -> Iterator[str]:
    """One line of the list against the run and the member's own statement, which has the times and the kind of the batch's."""
    statement = json.loads(bytes(own["statement"]))
    digest = statement.get("draft_digest") or statement.get("manifest_digest")
    wanted = [run["docprefix"], str(run["n_units"]), run["plan_digest"], digest, sha256(bytes(own["statement"]))]
    if line[2:] != wanted:
        yield f"it lists {line[1]} as {line[2:]}, and it is {wanted}"
    for name in ("kind", "purpose", "policy_sha256", "not_before", "expires"):
        if statement.get(name) != said.get(name):
            yield f"its {name} is {said.get(name)}, that of {line[1]} is {statement.get(name)}"
    if [*own["signatures"]] != [*ruling["signatures"]] or [*own["signers"]] != [*ruling["signers"]]:
        yield f"the signatures of {line[1]} are others than those over the batch"


def every_batch_has_a_move(subject: Subject) -> Found:
    """Every batch is listed, and one that is neither law nor a dry run that is over offers a move that is more than a report."""
    if subject.ask is None and not subject.console:
        return
    status, listed, err = asked(subject, "batch", "list")
    if status != 0:
        yield Violation("moves", "batch list", f"ends with {status}: {err.strip()[-300:]}")
        return
    known = {str(one["batch_id"]): one for one in listed.get("batches", ())}
    for batch_id in sorted({row["batch_id"] for row in subject.ledger("batch")} - set(known)):
        yield Violation("moves", batch_id, "is in the database and is not listed")
    for batch_id, batch in sorted(known.items()):
        inside = [one for one in batch["members"] if not one["set_aside"]]
        is_over = all(one["stage"] == "closeout_reported" for one in inside)
        # What bars a member is another run, whose moves lead on.
        is_barred = any(one.get("bar") for one in inside)
        if batch["moves"] == ["report"] if is_over else is_barred or set(batch["moves"]) - {"report"}:
            continue
        says = f"{batch['phase']}: {'it is over' if is_over else 'it is not over'}"
        yield Violation("moves", batch_id, f"{says}, and offers {batch['moves'] or 'nothing'}")


# ---------------------------------------------------------------------------------------------------------------------
# Moves, dry runs, statements, leftovers
# ---------------------------------------------------------------------------------------------------------------------


def every_run_has_a_move(subject: Subject) -> Found:
    """Every run is listed and shown, and one that is not over offers a move that is more than a report."""
    if subject.ask is None and not subject.console:
        return
    status, listed, err = asked(subject, "run", "list")
    if status != 0:
        yield Violation("moves", "run list", f"ends with {status}: {err.strip()[-300:]}")
        return
    known = {str(one["run_id"]) for one in listed.get("runs", ())}
    for run_id in sorted({row["run_id"] for row in subject.runs} - known):
        yield Violation("moves", run_id, "is in the database and is not listed")
    for place in subject.directories:
        if place.name not in known and not subject.just_died:
            yield Violation(
                "moves",
                place.name,
                f"has a directory ({', '.join(sorted(path.name for path in place.iterdir())) or 'empty'}) and is not listed",
            )
    for run_id in sorted(known):
        status, shown, err = asked(subject, "run", "show", run_id)
        if status != 0:
            yield Violation("moves", run_id, f"cannot be shown ({status}): {err.strip()[-300:]}")
            continue
        state, moves = shown["state"], set(shown["moves"])
        is_over = (
            state["family"] in {"voided", "reverted"} or state["stage"] == "closeout_reported" or _failed_dry(shown)
        )
        if not moves or (not is_over and not moves - {"report"}):
            yield Violation(
                "moves", run_id, f"is {state['family']} at {state['stage']} and offers {sorted(moves) or 'nothing'}"
            )


def _failed_dry(shown: Row) -> bool:
    """A dry run that failed has written nothing: another one is started."""
    return bool(shown["mode"] == "DRYRUN" and shown["state"]["family"] == "failed")


def asked(subject: Subject, *words: str) -> tuple[int, dict[str, Any], str]:
    """What the console answers: exit status, JSON object, standard error."""
    if subject.ask is not None:
        return subject.ask(words)
    done = subprocess.run(
        [*subject.console, *words, "--json"], check=False, capture_output=True, text=True, timeout=120
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    return done.returncode, said, done.stderr


def dry_runs_write_nothing(subject: Subject) -> Found:
    """No row anywhere names a dry run."""
    dry = {place.name for place in subject.directories if subject.request(place.name).get("mode") == "DRYRUN"}
    names = (
        "run",
        "run_event",
        "approval",
        "approval_use",
        "execution_lease",
        "manifest_envelope",
        "backup_proof",
        "review_decision",
        "verify_result",
        "baseline_pin",
        "hold_event",
    )
    for table in (*names, "batch_member"):
        for row in subject.ledger(table):
            if row["run_id"] in dry:
                yield Violation("dry run", row["run_id"], f"has a row in {table}")
    places = {path.parent.name: _object(path) for path in (subject.root / "runs").glob("ictb-*/batch.json")}
    for batch in subject.ledger("batch"):
        if places.get(batch["batch_id"], {}).get("mode") == "DRYRUN":
            yield Violation("dry run", batch["batch_id"], "is a dry run, and is in the database")


def unchanged(dsn: str, before: dict[str, Any]) -> list[Violation]:
    """Compare everything with a snapshot: for what was to write nothing at all."""
    now = take_snapshot(dsn)["rows"]
    return [
        Violation(
            "dry run", table, f"{len(set(now.get(table, {}).items()) ^ set(rows.items()))} rows differ from before"
        )
        for table, rows in before["rows"].items()
        if now.get(table) != rows
    ]


def nothing_is_deleted(subject: Subject) -> Found:
    """No statement of the product deletes or truncates, by the server's own log."""
    if subject.server_log is None:
        return
    with subject.server_log.open("rb") as stream:
        stream.seek(subject.log_from)
        for application, statement in statements(stream.read().decode("utf-8", "replace")):
            is_definition = re.match(r"\s*(CREATE|ALTER|DROP|REVOKE|GRANT|COMMENT|DO|--)", statement, re.IGNORECASE)
            if (
                application.startswith("cutter-console")
                and not is_definition
                and _DELETES.search(_LITERALS.sub("''", statement))
            ):
                yield Violation("deletes", application, " ".join(statement.split())[:200])


def statements(log: str) -> Iterator[tuple[str, str]]:
    """Application and text of each statement in a log with the prefix `%p|%d|%u|%a|` and log_statement = all."""
    application, text = "", ""
    for line in log.splitlines():
        head = re.match(r"\d+\|[^|]*\|[^|]*\|([^|]*)\|(\w+):\s+(.*)", line)
        if head is None:
            text += f"\n{line.lstrip()}" if text else ""
            continue
        if text:
            yield application, text
        said = re.match(r"(?:statement|execute [^:]*): ?(.*)", head[3]) if head[2] == "LOG" else None
        application, text = head[1], said[1] if said else ""
    if text:
        yield application, text


def nothing_is_left_over(subject: Subject) -> Found:
    """No half-written file stays below the root, and no dump in plain text ever lies there."""
    for path in sorted(subject.root.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        if _TEMPORARY.search(path.name) and not subject.just_died:
            yield Violation("leftover", str(path.relative_to(subject.root)), "is half of a file that nobody finishes")
        with path.open("rb") as stream:
            if stream.read(5) == _PLAIN_DUMP:
                yield Violation("plaintext", str(path.relative_to(subject.root)), "is a dump that is not encrypted")


INVARIANTS: tuple[Callable[[Subject], Found], ...] = (
    rows_of_a_run,
    signed_writes,
    used_once,
    switch_is_off,
    verified_means_equal,
    documents_are_as_ruled,
    amendments_are_differences,
    untouched_rows,
    kept_is_what_is_there,
    effects_are_accounted,
    journals_are_chained,
    anchors_agree,
    intent_before_effect,
    batches_are_as_signed,
    every_run_has_a_move,
    every_batch_has_a_move,
    dry_runs_write_nothing,
    nothing_is_deleted,
    nothing_is_left_over,
)


def check(subject: Subject, without: Iterable[Callable[[Subject], Found]] = ()) -> list[Violation]:
    """Every violation of every invariant, in order."""
    left_out = set(without)
    return [violation for invariant in INVARIANTS if invariant not in left_out for violation in invariant(subject)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.checker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dsn", help="a superuser's libpq connection string")
    parser.add_argument("root", type=Path, help="the runtime root")
    parser.add_argument("--take-snapshot", type=Path, metavar="FILE", help="write what is there now, and judge nothing")
    parser.add_argument(
        "--snapshot", type=Path, metavar="FILE", help="what was there before; rows in it may not change"
    )
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a public key of the policy, as gpg exports it",
    )
    parser.add_argument(
        "--server-log",
        type=Path,
        metavar="FILE",
        help="of a server with log_statement=all, log_line_prefix='%%p|%%d|%%u|%%a|'",
    )
    parser.add_argument(
        "--console", default="", metavar="COMMAND", help="how the console is asked, e.g. 'cutter-console --root DIR'"
    )
    parser.add_argument(
        "--just-died", action="store_true", help="a command was killed a moment ago and nobody has recovered"
    )
    parser.epilog = "invariants:\n" + "\n".join(f"  {(one.__doc__ or '').splitlines()[0]}" for one in INVARIANTS)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Judge, print each violation on a line, and return the exit status."""
    asked_for = _parser().parse_args(argv)
    if asked_for.take_snapshot is not None:
        asked_for.take_snapshot.write_text(json.dumps(take_snapshot(asked_for.dsn)), encoding="utf-8")
        return 0
    subject = Subject(
        dsn=asked_for.dsn,
        root=asked_for.root,
        snapshot=json.loads(asked_for.snapshot.read_text(encoding="utf-8")) if asked_for.snapshot else None,
        keys=tuple(asked_for.key),
        server_log=asked_for.server_log,
        console=tuple(shlex.split(asked_for.console)),
        just_died=asked_for.just_died,
    )
    found = check(subject)
    for violation in found:
        sys.stdout.write(f"{violation}\n")
    sys.stdout.write(f"{len(found)} violations of {len(INVARIANTS)} invariants\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
