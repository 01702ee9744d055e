"""NULL for the parameters of the functions that a role may call: without effect, and refused only as the product refuses.

All NULL at once reaches the first check of each function. One NULL among true values reaches no further than the
checks that the armed run does not pass anyway: where a function refuses it for its stage, nothing is said of its NULL.
"""

from collections.abc import Mapping

import psycopg
import pytest

from console.backend.postgres import ledger
from tests.attacks.world import ROLES, Prey, changed, is_meant, look
from tests.backend.postgres.signed_cut import event
from tests.support.sovereign import sovereign

_GRANTED = """
    SELECT n.nspname || '.' || p.proname, coalesce(p.proargnames, '{}'), array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('cutter_governance', 'cutter_console', 'public') AND has_function_privilege(%s, p.oid, 'EXECUTE') AND has_schema_privilege(%s, n.oid, 'USAGE') ORDER BY 1
"""
MEANT = {
    "cutter_console.fn_lease_end(p_reason)": "a lease is ended without a reason too: stopping needs no authority",
    "cutter_console.fn_lease_end_of(p_reason)": "a lease is ended without a reason too: stopping needs no authority",
    "cutter_console.fn_lease_end_of(p_holder)": "no session holds it",
    "cutter_console.fn_hold_set(p_run_id)": "a HOLD may name no run",
    "cutter_console.fn_document_register(p_live_query)": "a document of files has no query",
}
"""Where NULL is a value like others."""


def _values(prey: Prey) -> Mapping[str, object]:
    """A true value for each name of a parameter: of the armed run, which is the one that could have an effect."""
    run = prey.armed
    statement = run.statement()
    return {
        "p_run_id": run.run_id,
        "p_event": event(),
        "p_manifest": ledger.manifest_bytes(run.units),
        "p_canonical": run.canonical,
        "p_statement": statement,
        "p_signatures": [sovereign().sign(statement)],
        "p_docprefix": "ACME-NULL",
        "p_origin": "o",
        "p_profile": "p",
        "p_live_query": None,
        "p_operation": "cut",
        "p_operator": "o",
        "p_host": "h",
        "p_raw_bytes": 1,
        "p_sha256": "a" * 64,
        "p_canonical_sha256": "a" * 64,
        "p_canon_rule": "r",
        "p_plan_digest": "a" * 64,
        "p_content_digest": "a" * 64,
        "p_baseline_digest": "a" * 64,
        "p_n_units": 3,
        "p_to": "marked",
        "p_family": "failed",
        "p_reason": "r",
        "p_by": "b",
        "p_purpose": "cut",
        "p_minutes": 5,
        "p_outcome": "PASS",
        "p_checks": "{}",
        "p_proof": "{}",
        "p_sizes": [1],
        "p_revert": False,
        "p_addresses": ["ACME-LAW/ONE"],
        "p_leaves": ["x"],
        "p_stage": "created",
        "p_signature": sovereign().sign(statement),
        "p_data": statement,
        "p_without_run": None,
        "p_holder": 0,
        "p_base_digest": "a" * 64,
        "p_at": "2026-01-01T00:00:00Z",
        "p_address": "ACME-LAW/ONE",
        "p_table": "public.unit_version",
        "p_without": None,
        "p_effect": 0,
        "p_batch_id": "ictb-20260101T000000Z-00000001",
        "p_run_ids": [run.run_id],
        "p_members": b"x",
        "p_statements": [statement],
        "p_parts": ["one"],
        "p_prefix": "ACME",
        "p_document": "ACME-LAW",
        "p_lifecycles": ["draft"],
        "p_after": "ACME-LAW",
        "p_before": None,
        "p_limit": 3,
        "p_bundle": "a" * 64,
        "p_journal": "a" * 64,
        "p_begins": True,
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("which", ["all", "each"])
def test_null_is_no_way_past_a_check(prey: Prey, role: str, which: str) -> None:
    """Of every granted function: all NULL, or one NULL among values of the armed run. Reading functions may answer; nothing is changed."""
    values = _values(prey)
    with prey.database.connect() as connection:
        granted = connection.execute(_GRANTED, (role, role)).fetchall()
    with prey.session(role) as connection:
        for name, names, types in granted:
            inputs = list(names[: len(types)])
            sets = (
                {",".join(inputs): dict.fromkeys(inputs)}
                if which == "all"
                else {i: dict(values) | {i: None} for i in inputs}
            )
            before = look(prey.database)
            for nulls, given in sets.items():
                if f"{name}({nulls})" not in MEANT:
                    _call(connection, str(name), [(given[i], kind) for i, kind in zip(inputs, types, strict=True)])
            assert (name, changed(before, look(prey.database))) == (name, set())
    assert bool(granted) == (role != "passer_by")


def _call(connection: psycopg.Connection, name: str, arguments: list[tuple[object, object]]) -> None:
    places = ", ".join(f"%b::{kind}" if kind in {"bytea", "bytea[]"} else f"%s::{kind}" for _, kind in arguments)
    try:
        connection.execute(f"SELECT * FROM {name}({places})".encode(), [value for value, _ in arguments])
    except psycopg.Error as error:
        assert is_meant(error), error  # noqa: PT017


def test_every_parameter_that_can_be_sent_has_a_true_value_here(prey: Prey) -> None:
    """So that no function comes to the list of grants without coming to this one."""
    known = set(_values(prey))
    with prey.database.connect() as connection:
        for role in ROLES:
            for name, names, types in connection.execute(_GRANTED, (role, role)).fetchall():
                assert set(names[: len(types)]) <= known, name
