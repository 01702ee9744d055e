"""The SQL that tries what a run writes at the organisation, before a cut is signed, and always takes it back.

Units are made by the function and the roles of a cut, at their own addresses and with their own texts; the governance rows of
leg B are added behind them by the function and the role that adds them in a run. Everything happens in a block that ends with
an error: whoever calls it, and commits, has written nothing. Numbers that a sequence has given stay given.
"""

import json
from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import SiteMapping
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar
from console.backend.postgres.site_grants import calls_sql
from console.backend.postgres.site_planned_rows import rows_tried_sql
from console.backend.postgres.site_roles import parent_value
from console.backend.postgres.site_trials import ENDING

_GIVEN = """ROWS FROM (jsonb_to_recordset(p_units) AS (address text, title text, body text, kind text, section_type text, parent text))
              WITH ORDINALITY AS x (address, title, body, unit_kind, section_type, parent, place)"""
"""The units that a trial is given, in their order by `x.place`."""
CREATION_TRIAL = """
-- It tried units alone once, and a function beside it that takes more would make each call ambiguous.
DROP FUNCTION IF EXISTS cutter_console.fn_site_try_units(jsonb);
CREATE OR REPLACE FUNCTION cutter_console.fn_site_try_units(p_units jsonb, p_run jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    before jsonb;
    answer jsonb;
    u record;
    n bigint := 0;
    place text := '';
    -- Of leg B: the part whose rows are added, plan in front of them and end behind them, and the rows of each part that were.
    of_part text := '';
    given jsonb;
    added jsonb := '{{}}';
    refused text;
    finished boolean := false;
    state text;
    message text;
    detail text;
    hint text;
    violated text;
BEGIN
    PERFORM cutter_console.fn_assert_no_hold();
    BEGIN
        before := cutter_console.fn_site_counts();
        FOR u IN SELECT * FROM {given} ORDER BY x.place LOOP
            place := u.address;
            answer := cutter_console.fn_site_create(u.address, u.title, u.body, u.unit_kind, u.section_type, {parent_value});
            IF answer ->> 'status' IS DISTINCT FROM 'created' THEN
                refused := format('{answered} %s', concat_ws(': ', coalesce(answer ->> 'status', 'nothing'), left(answer::text, 500)));
                RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'answered otherwise';
            END IF;
            n := n + 1;
        END LOOP;
        place := '';
        PERFORM cutter_console.fn_site_settle();
        PERFORM cutter_console.fn_site_require(before, jsonb_build_object({units_name}, n, {versions_name}, n));
        SELECT r.address, r.difference INTO place, refused
          FROM (SELECT x.place, x.address,
                       CASE WHEN s.unit_id IS NULL THEN 'it was made, and is not in the table'
                            WHEN s.lifecycle IS DISTINCT FROM 'draft' THEN format('it became %s, and not a draft', s.lifecycle)
                            WHEN s.version_of IS DISTINCT FROM s.unit_id THEN 'its version belongs to another unit'
                            WHEN s.body_sha256 IS DISTINCT FROM encode(sha256(convert_to(x.body, 'UTF8')), 'hex') THEN 'it got another body than planned'
                            WHEN s.title IS DISTINCT FROM x.title THEN 'it got another title than planned'
                            WHEN s.parent IS DISTINCT FROM x.parent THEN 'it got another parent than planned'
                            WHEN s.versions <> 1 OR {has_kind} AND s.unit_kind IS DISTINCT FROM x.unit_kind
                                 OR {has_section_type} AND s.section_type IS DISTINCT FROM x.section_type
                                 OR {has_version_lifecycle} AND s.version_lifecycle IS DISTINCT FROM 'draft' THEN 'it is not as planned' END AS difference
                  FROM {given} LEFT JOIN LATERAL cutter_console.fn_site_unit(x.address) s ON true) r
         WHERE r.difference IS NOT NULL ORDER BY r.place LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'read back otherwise';
        END IF;
{rows_tried}        finished := true;
        RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'tried, and taken back';
{ending}    RETURN jsonb_build_object('tried', n, 'place', coalesce(place, ''), 'refused', coalesce(refused, ''), 'part', of_part,
                              'rows', (SELECT coalesce(sum(a.value::bigint), 0) FROM jsonb_each_text(added) a));
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_try_units IS
    'Tries units of a plan, and the governance rows of its run, at the organisation, reads them back, and takes everything back.';
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_try_units FROM PUBLIC;
""".replace("{given}", _GIVEN).replace("{ending}", ENDING)
_TRY = "SELECT cutter_console.fn_site_try_units(%s::jsonb, %s::jsonb)::text"
_LIMIT = "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
_IS_THERE = "SELECT to_regprocedure('cutter_console.fn_site_try_units(jsonb, jsonb)') IS NOT NULL"


class TriedUnit(NamedTuple):
    """A unit as the organisation's function is given it."""

    address: str
    title: str
    body: str
    kind: str | None
    section_type: str | None
    parent: str | None
    ordinal: int = 1
    """Its number in the manifest."""


class TriedRun(NamedTuple):
    """A run whose governance rows are tried behind its units; what else they contain is in the database."""

    run_id: str
    manifest_digest: str


class CreationTrial(Value):
    """Number of units that were made, and the refusal that ended the trial, if one did."""

    tried: int
    place: SafeText
    """Address of the unit, or table of the governance rows, that was refused; empty for what is no matter of one."""
    refused: SafeText
    part: SafeText = ""
    """Part of the governance rows that was tried last, `plan` while they were made, `end` behind all of them; empty for the units."""
    rows: int = 0
    """Governance rows that were added."""


def creation_trial_sql(names: dict[str, sql.Composable], mapping: SiteMapping) -> sql.Composable:
    """Return the function that tries units, made as the owner of the console's functions; `names` are those of the printed script."""
    parent = mapping.units.parent
    assert parent is not None
    governance = mapping.governance
    rows_tried = rows_tried_sql(governance) if governance is not None else sql.SQL("")
    values = {**names, "parent_value": parent_value(parent, "u.parent"), "rows_tried": rows_tried}
    return sql.SQL(CREATION_TRIAL).format(**values) + calls_sql("fn_site_try_units")


def can_try_units(connection: psycopg.Connection) -> bool:
    """Return whether the printed script that was run has the function that tries units with the governance rows behind them."""
    return bool(scalar(connection, _IS_THERE))


def limit_trial(connection: psycopg.Connection, statement_s: float, lock_s: float) -> None:
    """Limit what follows in the transaction, in seconds: each statement, and each wait for a lock."""
    scalar(connection, _LIMIT, f"{statement_s * 1000:.0f}", f"{lock_s * 1000:.0f}")


def try_units(
    connection: psycopg.Connection, units: tuple[TriedUnit, ...], run: TriedRun | None = None
) -> CreationTrial:
    """Try these units in their order, parents first, and behind them the governance rows of the run; nothing stays written.

    Raises psycopg.Error for what says nothing of what is tried, such as a lock or a lost line, and under a HOLD.
    """
    of_run = json.dumps(run._asdict()) if run is not None else None
    answer = scalar(connection, _TRY, json.dumps([unit._asdict() for unit in units]), of_run)
    return CreationTrial.model_validate(json.loads(str(answer)))


def try_unit_alone(connection: psycopg.Connection, unit: TriedUnit) -> CreationTrial:
    """Try one unit in a transaction that sees no row of anybody else's, and roll it back. Raises as `try_units` does."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        return try_units(connection, (unit,))
    finally:
        connection.rollback()
