"""The SQL that tries the enactment and the soft revert of a probe by the organisation's own function, and always takes them back.

The function is called by the role that calls it in a run, behind the rows of a probe's leg B and its decision, where the mapping
has tables for them. Everything happens in a block that ends with an error: whoever calls it, and commits, has written nothing.
"""

import json

import psycopg
from psycopg import sql

from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import SiteMapping
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar
from console.backend.postgres.site_creation_trial import TriedUnit
from console.backend.postgres.site_governance import OWN_UUID
from console.backend.postgres.site_grants import calls_sql
from console.backend.postgres.site_roles import parent_value
from console.backend.postgres.site_trials import ENDING

MOVE_TRIAL = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_try_move(
    p_token text, p_address text, p_body text, p_kind text, p_section_type text, p_parent text, p_target text
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    step constant text := CASE p_target WHEN 'enacted' THEN 'enact' WHEN 'superseded' THEN 'revert' END;
    before jsonb;
    answer jsonb;
    decision text := {decision};
    change_set text;
    s record;
    made boolean := false;
    refused text;
    finished boolean := false;
    state text;
    message text;
    detail text;
    hint text;
    violated text;
BEGIN
    PERFORM cutter_console.fn_assert_no_hold();
    IF step IS NULL THEN
        PERFORM cutter_console.fn_stop('STOP_REFUSED_INPUT', 'CU004', 'only an enactment or a revert is tried', 'Nothing was written.');
    END IF;
    BEGIN
        answer := cutter_console.fn_site_create(p_address, 'Probe', p_body, p_kind, p_section_type, {parent_value});
        IF answer ->> 'status' IS DISTINCT FROM 'created' THEN
            RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'not made';
        END IF;
        PERFORM cutter_console.fn_site_settle();
{recorded}        made := true;
        before := cutter_console.fn_site_counts();
        answer := cutter_console.fn_site_enact(p_token, p_address, decision, p_target, change_set);
        PERFORM cutter_console.fn_site_settle();
        SELECT * INTO s FROM cutter_console.fn_site_unit(p_address);
        IF s.lifecycle IS DISTINCT FROM p_target OR {has_version_lifecycle} AND s.version_lifecycle IS DISTINCT FROM p_target THEN
            refused := format('it was to become %s, and is %s, its version %s; answered %s', p_target, s.lifecycle,
                              coalesce(s.version_lifecycle, 'without a state'), coalesce(left(answer::text, 500), 'nothing'));
            RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'not moved';
        END IF;
        PERFORM cutter_console.fn_site_require(before, jsonb_build_object({log_name}, 1));
        finished := true;
        RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'tried, and taken back';
{ending}    RETURN jsonb_build_object('made', made, 'answer', coalesce(left(answer::text, 500), ''), 'refused', coalesce(refused, ''));
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_try_move IS
    'Tries the enactment or the revert of a probe by the organisation''s own function; everything is taken back.';
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_try_move FROM PUBLIC;
""".replace("{ending}", ENDING)
_RECORDED = """        -- Behind leg B, as in a run: the function may look these rows up, or its log refer to them.
        PERFORM cutter_console.fn_site_govern(
            cutter_console.fn_site_probe(ARRAY['record', 'verify'], p_token, p_address, p_body, p_kind, p_section_type));
{decided}        PERFORM cutter_console.fn_site_settle();
        change_set := {change_set};
"""
_DECIDED = """        PERFORM cutter_console.fn_site_govern(jsonb_build_object('decision',
            cutter_console.fn_site_probe(ARRAY[step], p_token, p_address, p_body, p_kind, p_section_type) -> 'decision'));
"""
_TRY = "SELECT cutter_console.fn_site_try_move(%s, %s, %s, %s, %s, %s, %s)::text"
_IS_THERE = (
    "SELECT to_regprocedure('cutter_console.fn_site_try_move(text, text, text, text, text, text, text)') IS NOT NULL"
)


class MoveTrial(Value):
    """Answer of the organisation's function to a move of a probe, and the refusal that ended the trial, if one did."""

    made: bool
    """False if the probe was not made, or the rows in front of the move were refused: then nothing is known of it."""
    answer: SafeText
    refused: SafeText


def move_trial_sql(names: dict[str, sql.Composable], mapping: SiteMapping) -> sql.Composable:
    """Return the function that tries a move, made as the owner of the console's functions; `names` are those of the printed script."""
    parent, governance = mapping.units.parent, mapping.governance
    assert parent is not None
    recorded: sql.Composable = sql.SQL("")
    if governance is not None:
        recorded = sql.SQL(_RECORDED).format(
            decided=sql.SQL(_DECIDED if governance.decision is not None else ""),
            change_set=sql.SQL(OWN_UUID.format(of="change set", key="p_token")),
        )
    values = {
        "decision": sql.SQL(OWN_UUID.format(of="decision", key="step || p_token")),
        "recorded": recorded,
        "parent_value": parent_value(parent, "p_parent"),
        "has_version_lifecycle": names["has_version_lifecycle"],
        "log_name": names["log_name"],
    }
    return sql.SQL(MOVE_TRIAL).format(**values) + calls_sql("fn_site_try_move")


def can_try_moves(connection: psycopg.Connection) -> bool:
    """Return whether the printed script that was run has the function that tries moves."""
    return bool(scalar(connection, _IS_THERE))


def try_move(connection: psycopg.Connection, token: str, unit: TriedUnit, target: str) -> MoveTrial:
    """Try to enact a probe, or to take it back, in a transaction that sees no row of anybody else's, and roll it back.

    Raises psycopg.Error for what says nothing of the move, such as a lock or a lost line, and under a HOLD.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        parts = (unit.address, unit.body, unit.kind, unit.section_type, unit.parent)
        answer = scalar(connection, _TRY, token, *parts, target)
        return MoveTrial.model_validate(json.loads(str(answer)))
    finally:
        connection.rollback()
