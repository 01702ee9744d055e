"""Settings with which an organisation's code runs for the console, where its other callers have others; read from the catalogue."""

from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_rows, scalar
from console.backend.postgres.role_settings import is_harmless_name
from console.backend.postgres.session_settings import OF_CALLERS, SETTINGS
from console.backend.postgres.site_roles import SITE_READER, SITE_ROLES

ISOLATION = "default_transaction_isolation"
"""Setting that decides what a function sees, and that is the console's own everywhere."""
CALLING = ("fn_site_create", "fn_site_enact", "fn_site_settle", "fn_site_govern")
"""Functions of the printed script that let code of the organisation run."""
_SWITCHES = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_OWN = (*SITE_ROLES, "cutter_owner", "cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop")
_DIFFERENT = """
    WITH said AS (SELECT s.setrole AS role, s.setdatabase <> 0 AS is_here, lower(split_part(v, '=', 1)) AS name, substr(v, strpos(v, '=') + 1) AS value
                    FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) v
                   WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))),
         callers AS (SELECT r.oid, r.rolname::text AS role FROM pg_roles r
                      WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> session_user AND r.rolname <> ALL (%(own)s)
                        AND EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                                     WHERE format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) = ANY (%(functions)s)
                                       AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE')))
    SELECT c.role, x.name,
           coalesce(t.value, ''), coalesce((SELECT g.reset_val FROM pg_settings g WHERE lower(g.name) = x.name), current_setting(x.name, true), ''),
           format(CASE WHEN t.value IS NULL THEN 'ALTER ROLE %%I IN DATABASE %%I RESET %%s' ELSE 'ALTER ROLE %%I IN DATABASE %%I SET %%s TO %%L' END,
                  session_user, current_database(), x.name, t.value)
      FROM callers c
     CROSS JOIN LATERAL (SELECT DISTINCT s.name FROM said s
                          WHERE s.role = c.oid OR s.role = (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user)) x
      LEFT JOIN LATERAL (SELECT s.value FROM said s WHERE s.role IN (c.oid, 0) AND s.name = x.name ORDER BY s.role = 0, NOT s.is_here LIMIT 1) t ON true
     ORDER BY 1, 2
"""
_EARLIER = """
    SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'cutter_console' AND p.proname = ANY (%s)
       AND EXISTS (SELECT FROM unnest(%s::text[]) s (name) WHERE strpos(p.prosrc, format('SET LOCAL %%s TO DEFAULT;', s.name)) = 0)
     ORDER BY 1
"""
_BEGINS_WITH = "SELECT reset_val FROM pg_settings WHERE name = %s"
_NEVER_SETTLED = """
    SELECT DISTINCT format('%%I.%%I', n.nspname, c.relname)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE t.tgdeferrable AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND pg_get_userbyid(c.relowner) <> 'cutter_owner'
       AND NOT starts_with(n.nspname, 'pg_')
       AND CASE WHEN EXISTS (SELECT FROM pg_roles r WHERE r.rolname = %(reader)s)
                THEN NOT has_schema_privilege(%(reader)s, n.oid, 'USAGE') ELSE n.nspname <> ALL (%(schemas)s) END
     ORDER BY 1
"""


class OtherSetting(NamedTuple):
    """A setting that another caller's sessions begin with otherwise than the executor's."""

    role: str
    name: str
    theirs: str
    """Empty: as the server's configuration has it."""
    executor: str
    alike: str
    """Command with which the executor's sessions begin alike, unless the setting is a list of names."""

    def __str__(self) -> str:
        """Return it as it is said."""
        return f"{self.role} begins with {self.name}={self.theirs or 'the value of the server'}, and the executor with {self.executor}"


def other_settings(connection: psycopg.Connection, functions: tuple[str, ...]) -> tuple[OtherSetting, ...]:
    """Return what roles that may call these functions begin with otherwise than this session's role; superusers left out."""
    rows = read_rows(connection, OtherSetting, _DIFFERENT, {"own": list(_OWN), "functions": list(functions)})
    return tuple(row for row in rows if not is_harmless_name(row.name) and _plain(row.theirs) != _plain(row.executor))


def isolation_here(connection: psycopg.Connection) -> str:
    """Return the isolation that sessions of this role begin with, if it is not that of the console's transactions; else empty."""
    value = str(scalar(connection, _BEGINS_WITH, ISOLATION))
    return "" if value == SETTINGS[ISOLATION] else value


def earlier_functions(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return those functions of the printed script that let the organisation's code run with the console's own settings."""
    return read_column(connection, _EARLIER, (list(CALLING), list(OF_CALLERS)))


def never_settled(connection: psycopg.Connection, schemas: tuple[str, ...]) -> tuple[str, ...]:
    """Return tables with a deferrable trigger that no run lets fire before its COMMIT: their schema is not open for it."""
    return read_column(connection, _NEVER_SETTLED, {"reader": SITE_READER, "schemas": list(schemas)})


def _plain(value: str) -> str:
    text = value.casefold().replace('"', "").replace(" ", "")
    return _SWITCHES.get(text, text)
