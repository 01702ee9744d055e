"""G5: the write functions cut documents of several sizes, tried and rolled back; none of them names a document."""

import re
from functools import partial

import psycopg

from console.backend.gates.gate import Gate
from console.backend.gates.installed_functions import Source, installed_functions, sources_verdict
from console.backend.gates.kinds_there import kinds_lacking, not_measured_for
from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.outcome import Check
from console.backend.model.readiness import Owner, first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.asking import Asking
from console.backend.postgres.probes import SIZES, CutProbe, Generality, cut_faults, probe_generality
from console.backend.postgres.records import documents
from console.backend.postgres.routines import Routine
from console.backend.runs.phase_context import Role

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_ADDRESS = re.compile(r"[A-Z0-9][A-Z0-9-]{1,30}[A-Z0-9]/")

_CHANGED = "Cut nothing. Find what changed the functions, guards or vocabulary: cutter-console drift"
_REFUSED = (
    "Beside an organisation's tables: no document is cut there that needs what was refused; its owner may let it in, such as a section type that"
    " the vocabulary lacks. Elsewhere cut nothing, and find what changed: cutter-console drift"
)


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
    lacking: tuple[SafeText, ...] = ()
    """Kinds of the synthetic documents that an organisation's vocabulary lacks, if one of them was refused."""


def measure(probe: Probe) -> Facts:
    """Cut, record and verify synthetic documents as cutter_verify, rolled back; read the functions' sources."""
    generality = probe.ask(
        "probes",
        f"a document of N = {', '.join(map(str, SIZES))} units, cut, recorded, verified and rolled back",
        "fn_probe_cut, as cutter_verify",
        lambda: _probed(probe),
        _generality_in_words,
        digest=lambda generality: sha256_hex(canonical_json(generality)),
    )
    tried = generality.value.probes if generality.value is not None else ()
    return Facts(
        generality=generality,
        lacking=kinds_lacking(probe, *(cut_probe.failed for cut_probe in tried)),
        definitions=probe.ask(
            "definitions",
            "bodies of the product's functions, their pinned digests, and the registered documents",
            "pg_proc, v_schema_pin and v_document, as the monitoring role",
            lambda: probe.of_monitor(DEFINITIONS, partial(definitions_of, installation=probe.installation)),
            lambda definitions: (
                f"{len(definitions.sources)} functions, {counted(definitions.documents, 'document')} looked for"
            ),
            digest=lambda definitions: sha256_hex(canonical_json(definitions)),
        ),
    )


def _probed(probe: Probe) -> Generality:
    with probe.writing(Role.VERIFIER) as connection:
        return probe_generality(connection, probe.gate)


def _generality_in_words(generality: Generality) -> str:
    sizes = ", ".join(f"{cut_probe.n}{'' if cut_probe.done else ' failed'}" for cut_probe in generality.probes)
    return f"N = {sizes}; transaction {generality.transaction}"


DEFINITIONS = "definitions"
"""Name of the question for them."""


def definitions_of(connection: psycopg.Connection, installation: Installation) -> Definitions:
    """Return the texts of the functions, and which of them name a registered document."""
    with Asking(connection) as asking:
        installed = asking.ask(partial(installed_functions, installation=installation))
        registered = asking.ask(documents)
    routines, sources = installed.value
    prefixes = tuple(row.docprefix for row in registered.value)
    ours = {source.name for source in sources}
    constants = document_constants(tuple(routine for routine in routines if routine.name in ours), prefixes)
    return Definitions(sources=sources, documents=len(prefixes), constants=constants)


def document_constants(routines: tuple[Routine, ...], prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Pure: the literals in the functions' bodies that are a registered document's prefix or an address."""
    known = frozenset(prefixes)
    return tuple(
        f"{routine.name}: '{literal}'"
        for routine in routines
        for literal in _LITERAL.findall(routine.text)
        if literal in known or literal.partition("/")[0] in known or _ADDRESS.match(literal)
    )


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: one check for each size, the rollback, the functions' digests, and no constant of a document."""
    return (
        *(check(f"N = {size}", facts.generality, partial(_of_size, size, lacking=facts.lacking)) for size in SIZES),
        check("rolled back", facts.generality, _rolled_back),
        check("function digests", facts.definitions, lambda definitions: sources_verdict(definitions.sources)),
        check("no constant of a document", facts.definitions, _no_constants),
    )


def _of_size(size: int, generality: Generality, lacking: tuple[str, ...] = ()) -> Verdict:
    cut_probe = next((cut_probe for cut_probe in generality.probes if cut_probe.n == size), None)
    if cut_probe is None:
        return unclear(f"no document of {size} units was tried", "cutter-console gates G5")
    return not_measured_for(lacking, cut_probe.failed, size) or _verdict(cut_probe)


def _verdict(cut_probe: CutProbe) -> Verdict:
    faults = cut_faults(cut_probe, VOCABULARY)
    if faults:
        return fails(first_three(faults), _CHANGED if cut_probe.failed[:2] in {"", "CU"} else _REFUSED)
    n = cut_probe.n
    return passes(
        f"{2 * n} public rows, {6 + 2 * n} ledger rows, {len(cut_probe.histogram)} kinds as requested; rolled back"
    )


def _rolled_back(generality: Generality) -> Verdict:
    if generality.kept_nothing:
        return passes(f"transaction {generality.transaction}: nothing was kept")
    action = "Set a HOLD (cutter-console panic) and compare the rows: cutter-console counts"
    return fails(f"transaction {generality.transaction}: it should be aborted", action)


def _no_constants(definitions: Definitions) -> Verdict:
    if not definitions.constants:
        return passes(f"no literal names one of {counted(definitions.documents, 'document')}, or an address")
    more = f"; and {len(definitions.constants) - 3} more" if len(definitions.constants) > 3 else ""
    detail = "; ".join(definitions.constants[:3]) + more
    return fails(detail, "A function must know no document; see what was installed: cutter-console drift")


GATE = Gate("G5", "Generality", "Do the functions cut any document, of any size?", Owner.WORKSTATION, measure, decide)
