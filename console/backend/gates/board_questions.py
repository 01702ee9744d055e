"""Questions of the gates of a whole board to the monitoring role, asked together: over a long line each wait costs its delay."""

import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial

import psycopg

from console.backend.approvals.pinning import pinned_policy
from console.backend.gates.approval_package import LEDGER, ledger_rows
from console.backend.gates.backup_readiness import DUMP_RIGHTS, rights_to_dump
from console.backend.gates.connections import LINE_OF_MONITOR, MONITOR, connected
from console.backend.gates.document_independence import DEFINITIONS, definitions_of
from console.backend.gates.growth import GROWTH, growth_of
from console.backend.gates.precheck_live import SWITCH
from console.backend.gates.probe import ANSWERING, LAYOUT, UNMEASURED, NotAsked, Probe
from console.backend.gates.reporting import RUN_PLACES
from console.backend.gates.revert_and_compensation import CATALOGUE, catalogue_of
from console.backend.gates.ruling_policy import PINNED_POLICY, Pinned
from console.backend.host.daemon import start
from console.backend.host.installation import Installation
from console.backend.host.site_files import mapped_units
from console.backend.postgres.asking import Asking
from console.backend.postgres.kept_sessions import for_another_thread
from console.backend.postgres.records import run_places
from console.backend.postgres.server import answering_database, session_of
from console.backend.postgres.site_catalogue import is_of_another_layout
from console.backend.runs.kill_switch import combined, hold_in_file, switch_rows

_OF_THE_SERVER = (LAYOUT, ANSWERING, LINE_OF_MONITOR)
_OF_THE_CONSOLE = (SWITCH, PINNED_POLICY, LEDGER, DEFINITIONS, CATALOGUE, GROWTH, RUN_PLACES, DUMP_RIGHTS)
"""Names of the questions; those that take the server long stay with their gates, so that no other waits for them."""


def ask_for_all(probe: Probe) -> None:
    """Begin to ask, and let whichever gate needs one of the answers wait for it.

    First it is asked what the server is, then what is in the console's own tables. Where a question of one of the two
    fails, as those about the tables do in a database of another layout, none of it is answered, and each gate asks for
    itself and says what it met; so it does when half of the time is over.
    """
    # One that waits for a lock would leave the gates no time to say so themselves.
    in_time = replace(probe, ends_at=time.monotonic() + probe.seconds_left / 2)
    promised = probe.asked.promise((*_OF_THE_SERVER, *_OF_THE_CONSOLE), in_time.ends_at)
    start(for_another_thread(partial(_answer, in_time, promised)), "questions of the board")


def _answer(in_time: Probe, promised: dict[str, Future[object]]) -> None:
    try:
        with suppress(*UNMEASURED), in_time.monitor() as connection:
            for name, value in _of_the_server(connection, in_time.installation).items():
                promised[name].set_result(value)
            if promised[LAYOUT].result() is False:
                for name, value in _of_the_console(connection, in_time.installation).items():
                    promised[name].set_result(value)
    finally:
        for answer in promised.values():
            if not answer.done():
                answer.set_exception(NotAsked())


def _of_the_server(connection: psycopg.Connection, installation: Installation) -> dict[str, object]:
    with Asking(connection) as asking:
        layout = asking.ask(partial(is_of_another_layout, mapped=mapped_units(installation)))
        answering, session = asking.ask(answering_database), asking.ask(session_of)
    return {
        LAYOUT: layout.value,
        ANSWERING: answering.value,
        LINE_OF_MONITOR: connected(MONITOR, session.value, connection),
    }


def _of_the_console(connection: psycopg.Connection, installation: Installation) -> dict[str, object]:
    with Asking(connection) as asking:
        switch, pin, ledger = asking.ask(switch_rows), asking.ask(pinned_policy), asking.ask(ledger_rows)
        definitions = asking.ask(partial(definitions_of, installation=installation))
        catalogue = asking.ask(partial(catalogue_of, installation=installation))
        growth = asking.ask(partial(growth_of, root=installation.root))
        places, rights = asking.ask(run_places), asking.ask(partial(rights_to_dump, installation=installation))
    return {
        SWITCH: combined(installation, hold_in_file(installation), switch.value.view),
        PINNED_POLICY: Pinned(pin=pin.value),
        LEDGER: ledger.value,
        DEFINITIONS: definitions.value,
        CATALOGUE: catalogue.value,
        GROWTH: growth.value,
        RUN_PLACES: places.value,
        DUMP_RIGHTS: rights.value,
    }
