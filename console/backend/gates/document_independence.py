"""G5: the write functions cut any document of any size, proved by doing it; nothing in them knows a certain document."""

import re
from functools import partial

from console.backend.gates.gate import Gate
from console.backend.gates.installed_functions import (
    Source,
    measure_sources,
    sources_verdict,
)
from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.outcome import Check
from console.backend.model.readiness import Owner, first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.probes import SIZES, CutProbe, Generality, cut_faults, probe_generality
from console.backend.postgres.records import documents
from console.backend.postgres.routines import Routine, measure_routines
from console.backend.runs.phase_context import Role

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_ADDRESS = re.compile(r"[A-Z0-9][A-Z0-9-]{1,30}[A-Z0-9]/")


class Definitions(Value):
    """Texts of the functions."""

    sources: tuple[Source, ...]
    documents: int
    """Number of registered documents that were looked for."""
    constants: tuple[SafeText, ...]
    """Functions with a literal that names a document or an address, and the literal."""


class Facts(Value):
    """The facts that G5 measures."""

    generality: Measurement[Generality]
    definitions: Measurement[Definitions]


def measure(probe: Probe) -> Facts:
    """Cut, record and verify synthetic documents as cutter_verify, rolled back; read the functions' sources."""
    return Facts(
        generality=probe.ask(
            "probes",
            f"a document of N = {', '.join(map(str, SIZES))} units, cut, recorded, verified and rolled back",
            "fn_probe_cut, as cutter_verify",
            lambda: _probed(probe),
            _told,
            digest=lambda found: sha256_hex(canonical_json(found)),
        ),
        definitions=probe.ask(
            "definitions",
            "bodies of the product's functions, their pinned digests, and the registered documents",
            "pg_proc, v_schema_pin and v_document, as the monitoring role",
            lambda: _definitions(probe),
            lambda found: f"{len(found.sources)} functions, {found.documents} documents looked for",
            digest=lambda found: sha256_hex(canonical_json(found)),
        ),
    )


def _probed(probe: Probe) -> Generality:
    with probe.writing(Role.VERIFIER) as connection:
        return probe_generality(connection, probe.gate)


def _told(found: Generality) -> str:
    done = ", ".join(f"{one.n}{'' if one.done else ' failed'}" for one in found.probes)
    return f"N = {done}; transaction {found.transaction}"


def _definitions(probe: Probe) -> Definitions:
    with probe.monitor() as connection:
        routines = measure_routines(connection)
        prefixes = tuple(row.docprefix for row in documents(connection))
        sources = measure_sources(connection, routines)
    ours = {one.name for one in sources}
    constants = document_constants(tuple(one for one in routines if one.name in ours), prefixes)
    return Definitions(sources=sources, documents=len(prefixes), constants=constants)


def document_constants(routines: tuple[Routine, ...], prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Pure: literals of the functions that are a registered document's prefix, or an address of any document."""
    known = frozenset(prefixes)
    return tuple(
        f"{routine.name}: '{literal}'"
        for routine in routines
        for literal in _LITERAL.findall(routine.text)
        if literal in known or literal.partition("/")[0] in known or _ADDRESS.match(literal)
    )


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: one check a size, the rollback, the functions' digests, and no constant of a document."""
    return (
        *(check(f"N = {size}", facts.generality, partial(_of_size, size)) for size in SIZES),
        check("rolled back", facts.generality, _rolled_back),
        check("function digests", facts.definitions, lambda found: sources_verdict(found.sources)),
        check("no constant of a document", facts.definitions, _no_constants),
    )


def _of_size(size: int, found: Generality) -> Verdict:
    one = next((one for one in found.probes if one.n == size), None)
    if one is None:
        return unclear(f"no document of {size} units was tried", "cutter-console gates G5")
    return _verdict(one)


def _verdict(one: CutProbe) -> Verdict:
    faults = cut_faults(one, VOCABULARY)
    if faults:
        action = "Cut nothing. Find what changed the functions, guards or vocabulary: cutter-console drift"
        return fails(first_three(faults), action)
    n = one.n
    return passes(f"{2 * n} public rows, {6 + 2 * n} ledger rows, {len(one.histogram)} kinds as requested; rolled back")


def _rolled_back(found: Generality) -> Verdict:
    if found.kept_nothing:
        return passes(f"transaction {found.transaction}: nothing was kept")
    action = "Set a HOLD (cutter-console panic) and compare the rows: cutter-console counts"
    return fails(f"transaction {found.transaction}: it should be aborted", action)


def _no_constants(found: Definitions) -> Verdict:
    if not found.constants:
        return passes(f"no literal names one of {found.documents} documents, or an address")
    more = f"; and {len(found.constants) - 3} more" if len(found.constants) > 3 else ""
    said = "; ".join(found.constants[:3]) + more
    return fails(said, "A function must know no document; see what was installed: cutter-console drift")


GATE = Gate("G5", "Generality", "Do the functions cut any document, of any size?", Owner.WORKSTATION, measure, decide)
