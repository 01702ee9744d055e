"""Asks in one exchange what the checks before arming ask as the monitoring role: over a long line each wait costs its delay."""

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial

from console.backend.approvals.pinning import pinned_policy
from console.backend.gates.connections import LINE_OF_MONITOR, MONITOR, connected
from console.backend.gates.grants import GRANTS
from console.backend.gates.precheck_live import SWITCH
from console.backend.gates.probe import LAYOUT, UNMEASURED, Probe
from console.backend.gates.ruling_policy import PINNED_POLICY, Pinned
from console.backend.host.site_files import mapped_units
from console.backend.postgres.asking import Asking
from console.backend.postgres.drift import against_host, drift_on
from console.backend.postgres.privileges import arming_rights
from console.backend.postgres.records import find_run
from console.backend.postgres.replication import measure_replication
from console.backend.postgres.server import session_of
from console.backend.postgres.site_catalogue import is_of_another_layout
from console.backend.runs.kill_switch import combined, hold_in_file, switch_rows

RUN, RIGHTS_AND_STANDBYS = "run", "rights and standbys"
"""Names of the questions for the run's row, and for who may open a lease beside the standbys that confirm a COMMIT."""


def ask_ahead(probe: Probe, run_id: str) -> None:
    """Let the probe know what the monitoring role measures for one run's checks.

    Where one of these questions fails, as in a database of another layout, or has no answer in half of the time, none is
    answered: each check asks for itself then, and says what it met.
    """
    installation = probe.installation
    # One that waits for a lock would leave the others no time to say so themselves.
    in_time = replace(probe, ends_at=time.monotonic() + probe.seconds_left / 2)
    with suppress(*UNMEASURED), in_time.monitor() as connection:
        with Asking(connection) as asking:
            layout = asking.ask(partial(is_of_another_layout, mapped=mapped_units(installation)))
            row, session = asking.ask(partial(find_run, run_id=run_id)), asking.ask(session_of)
            pin, rights = asking.ask(pinned_policy), asking.ask(arming_rights)
            standbys, drift = asking.ask(measure_replication), asking.ask(drift_on)
            switch = asking.ask(switch_rows)
        in_file = hold_in_file(installation)
        answers: dict[str, object] = {
            LAYOUT: layout.value,
            RUN: row.value,
            LINE_OF_MONITOR: connected(MONITOR, session.value, connection),
            PINNED_POLICY: Pinned(pin=pin.value),
            RIGHTS_AND_STANDBYS: (rights.value, standbys.value),
            GRANTS: against_host(drift.value, installation.settings.pins.schema_digest),
            SWITCH: combined(installation, in_file, switch.value.view),
        }
        for name, answer in answers.items():
            probe.asked.know(name, answer)
