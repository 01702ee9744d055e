"""The script with which an administrator takes the console out of a database that has units of its own; printed, never run here."""

import psycopg
from psycopg import sql

from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.model.states import DRAFT_STAGES, Family, Stage
from console.backend.postgres.connections import scalar
from console.backend.postgres.rendering import composed, schema_names
from console.backend.postgres.site_grants import GRANTEES, RIGHTS, refuse_marks, rights_sql
from console.backend.postgres.site_roles import SITE_ROLES
from console.backend.postgres.site_script import END, head_of

_HEAD = """\
-- Takes this console out of the database {database}. Printed by: cutter-console adopt remove
-- Read it, then run it as a superuser: psql --set ON_ERROR_STOP=1 --file FILE
-- It is one transaction, whatever runs it: all of it is done, or nothing.
-- It takes back the rights that the script of `adopt apply` has given on the organisation's objects, names each, and drops what belongs
-- to {owner} here: runs, rulings, manifests, proofs. THIS CANNOT BE UNDONE. Keep a dump of them before (pg_dump), and the runtime tree
-- of each host: whoever asks later what was signed finds it nowhere else.
-- Units, versions, log and governance rows that runs had the organisation's functions write are the organisation's, and stay.
-- Something of the organisation's that needs what is dropped, such as a view, stops it with its name. Roles stay: other databases
-- may have them.
"""
_DATABASE = """\
DO $prepare$ BEGIN
    IF pg_catalog.current_database() <> {database} THEN
        RAISE EXCEPTION 'this script is for the database %, not %', {database}, pg_catalog.current_database();
    END IF;
END $prepare$;
"""
_AT_REST = """\
-- Nothing begins between these questions and the end.
LOCK TABLE cutter_governance.run, cutter_governance.execution_lease, cutter_governance.hold_event IN ACCESS EXCLUSIVE MODE;
DO $prepare$
DECLARE
    waiting text;
BEGIN
    SELECT string_agg(format('%s (%s)', r.run_id, r.docprefix), ', ' ORDER BY r.run_id) INTO waiting
      FROM cutter_governance.run r
     WHERE r.family NOT IN ({ended}) AND r.stage IN ({written});
    IF waiting IS NOT NULL THEN
        RAISE EXCEPTION 'runs have written and are not at their end: %', waiting
              USING HINT = 'Enact or revert each of them; see: cutter-console run list';
    END IF;
    IF EXISTS (SELECT FROM cutter_governance.v_lease) THEN
        RAISE EXCEPTION 'the switch is armed' USING HINT = 'cutter-console disarm';
    END IF;
    IF EXISTS (SELECT FROM cutter_governance.v_hold) THEN
        RAISE EXCEPTION 'a HOLD is set' USING HINT = 'Find out why; then: cutter-console hold release';
    END IF;
END $prepare$;
"""
_DROP = """\
DO $prepare$
DECLARE
    mine text;
BEGIN
    SELECT string_agg(quote_ident(rolname), ', ') INTO mine FROM pg_roles WHERE rolname IN ({roles});
    EXECUTE 'DROP OWNED BY ' || mine || ' RESTRICT';
END $prepare$;
"""


_INSTALLED = """
    SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE (n.nspname, c.relname) = (%s, 'run') AND pg_get_userbyid(c.relowner) = %s)
"""


def removal_of(connection: psycopg.Connection, schema: str) -> str:
    """Return the SQL: rights are taken back, then everything of the console's owner is dropped, if no run is in the middle.

    The console's schema may be there alone: its own tables are made by `migrate`.
    """
    owner, info = CONSOLE_SCHEMA_OWNER, connection.info
    is_installed = bool(scalar(connection, _INSTALLED, schema_names(connection).ledger, owner))
    parts: list[sql.Composable] = [
        sql.SQL(head_of(_HEAD, {"database": info.dbname, "owner": owner})),
        sql.SQL(_DATABASE).format(database=sql.Literal(info.dbname)),
    ]
    if is_installed:
        at_rest = sql.SQL(_AT_REST).format(
            ended=_literals(Family.VOIDED, Family.REVERTED), written=_literals(*DRAFT_STAGES, Stage.LIFECYCLE_ENACTED)
        )
        parts.append(composed(schema_names(connection), at_rest))
    parts += [
        rights_sql(schema, owner, (*GRANTEES, "cutter_ro", info.user), ()),
        sql.SQL(_DROP).format(roles=_literals(*SITE_ROLES, owner)),
        sql.SQL(END),
    ]
    text = sql.Composed(parts).as_string(connection)
    refuse_marks(text, (_DATABASE, _AT_REST if is_installed else "", RIGHTS, _DROP))
    return text


def _literals(*values: str) -> sql.Composable:
    return sql.SQL(", ").join(sql.Literal(str(value)) for value in values)
