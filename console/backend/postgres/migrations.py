"""Forward-only migrations: applied under an advisory lock, recorded with their sha256, refusing an edited one."""

import re
from importlib import resources

import psycopg
from psycopg import sql

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.schema_names import SchemaNames
from console.backend.model.value import Value
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.connections import administrator, scalar
from console.backend.postgres.console_schema import (
    EXTRA_CHECKS,
    make_schema,
    mark_schemas,
    refuse_foreign_schema,
    use_schemas,
)
from console.backend.postgres.existing_tables import differences
from console.backend.postgres.inventory import schema_digest
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.role_settings import refuse_settings

_LOCK = 0x6375_7474
_NAME = re.compile(r"^(\d{4})_([a-z_]+)\.sql$")
_HEADER = re.compile(r"-- schema: (public|cutter_governance|cutter_console)\n")

_PIN = """
    INSERT INTO cutter_governance.schema_pin (batch, line)
    SELECT coalesce((SELECT max(batch) FROM cutter_governance.schema_pin), 0) + 1, line FROM cutter_governance.v_schema_line
"""


_DRIFTED = """
    SELECT count(*) FROM ((SELECT line FROM cutter_governance.v_schema_pin EXCEPT SELECT line FROM cutter_governance.v_schema_line)
                    UNION ALL (SELECT line FROM cutter_governance.v_schema_line EXCEPT SELECT line FROM cutter_governance.v_schema_pin)) d
"""


# Nothing needs this role: an older database is brought up to date by whoever could do so before.
_MAKE_STOPPER = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'cutter_stop') THEN
            CREATE ROLE cutter_stop LOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
    END $$
"""
_LET_STOP = """
    DO $$ BEGIN
        IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'cutter_stop') THEN
            GRANT USAGE ON SCHEMA cutter_console TO cutter_stop;
            GRANT EXECUTE ON FUNCTION cutter_console.fn_hold_ensure(text, text) TO cutter_stop;
        END IF;
    END $$
"""


class Migration(Value):
    """One file: number, name, the schema it works in, its text and digest."""

    number: int
    name: str
    schema_name: str
    text: str
    sha256: str


class MigrationReport(Value):
    """Result of `migrate`: the migrations that it applied, and those that were applied before."""

    applied: tuple[str, ...]
    numbers: tuple[int, ...]
    """Of those that it applied: two have one name."""
    present: tuple[str, ...]
    schema_digest: str
    pinned: bool
    """True if the inventory was pinned again: after a migration, or because a drift was accepted."""


def migrations() -> tuple[Migration, ...]:
    """Return the package's migrations in the order of their numbers. Raises ValueError for a file without a header."""
    folder = resources.files("console.backend.postgres") / "migrations"
    files = sorted(
        (entry.name, entry.read_text(encoding="utf-8")) for entry in folder.iterdir() if _NAME.match(entry.name)
    )
    return tuple(_parse(name, text) for name, text in files)


def _parse(name: str, text: str) -> Migration:
    header, number = _HEADER.match(text), _NAME.match(name)
    if header is None or number is None:
        raise ValueError(f"{name}: the first line names no schema")
    return Migration(
        number=int(number[1]), name=number[2], schema_name=header[1], text=text, sha256=sha256_hex(text.encode())
    )


def migrate(conninfo: str, accept: str = "", names: SchemaNames | None = None) -> MigrationReport:
    """Bring the database up to date in one transaction, as an administrator who may create roles.

    The console's own tables are made in the schemas of these `names`, or stand there already; without any, where they
    stand, and in a database that has none in those of a database of its own.

    `accept` is the digest of what the administrator accepts: the schema digest of a drift that is to become the
    installed inventory, or, if nothing is installed, the digest of settings that roles begin with.

    Raises Refused with the list of differences if existing tables of the same names do not fit, and if the database is
    not encoded in UTF8. Raises Drifted if a recorded migration has another sha256 than the file of that number, and if
    the database has drifted, or roles begin with settings that the product does not allow, and `accept` is not the
    digest. Nothing is changed in any of these cases.
    """
    with administrator(conninfo, timeout_s=0, purpose="migrate") as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("SELECT set_config(%s, 'none', true)", (EXTRA_CHECKS,))
        if names is not None:
            use_schemas(connection, names)
        # Everything below is read under the lock: a second `migrate` waits, and finds nothing left to apply.
        installed = _is_installed(connection)
        refuse_settings(connection, accept, installed=installed)
        # Measured before anything is changed: the migrations' own changes are no drift.
        drifted = int(str(scalar(connection, _DRIFTED))) if installed else 0
        refuse_foreign_schema(connection)
        _prepare(connection)
        done = _recorded(connection)
        steps = migrations()
        _refuse_edited(steps, done)
        if not done:
            _refuse_misfits(connection, steps)
        todo = [step for step in steps if step.number not in done]
        if drifted and (todo or accept):
            _require_accepted(connection, drifted, accept)
        make_schema(connection)
        connection.execute("SET LOCAL ROLE cutter_owner")
        for step in todo:
            _apply(connection, step)
        _seed_vocabulary(connection)
        if todo or accept:
            connection.execute(_LET_STOP)
        digest = schema_digest(connection)
        pinned = bool(todo) or (bool(accept) and drifted > 0)
        if pinned:
            connection.execute(_PIN)
        if todo and not done:
            connection.execute("SELECT cutter_console.fn_baseline_write(NULL)")
    newly = {step.number for step in todo}
    return MigrationReport(
        applied=tuple(step.name for step in todo),
        numbers=tuple(step.number for step in todo),
        present=tuple(step.name for step in steps if step.number not in newly),
        schema_digest=digest,
        pinned=pinned,
    )


_OWN_ALONE = """
    DO $$ DECLARE v_role name; BEGIN
        FOR v_role IN SELECT DISTINCT pg_get_userbyid(x.grantee)
                        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
                       WHERE c.oid = 'cutter_governance.schema_migration'::regclass AND x.grantee NOT IN (0, c.relowner)
                         AND NOT EXISTS (SELECT FROM cutter_governance.schema_migration) LOOP
            EXECUTE format('REVOKE ALL ON cutter_governance.schema_migration FROM %I', v_role);
        END LOOP;
    END $$
"""


def _is_installed(connection: psycopg.Connection) -> bool:
    """Return whether the database has the view of the pinned inventory."""
    return scalar(connection, "SELECT to_regclass('cutter_governance.v_schema_pin')::text") is not None


def _require_accepted(connection: psycopg.Connection, drifted: int, accept: str) -> None:
    """Raise Drifted unless `accept` is the present schema digest: nothing is pinned that nobody has looked at."""
    digest = schema_digest(connection)
    if accept != digest:
        raise Drifted(
            StopCode.DRIFT,
            f"the database is not as it was installed ({drifted} lines of its inventory); its schema digest is {digest}",
            f"Look at it: cutter-console drift. Repair it, or accept it: cutter-console migrate --accept {digest}",
        )


def _prepare(connection: psycopg.Connection) -> None:
    # Roles belong to the whole cluster: the `migrate` of another database, with a lock of its own, may create them too.
    for role, login in (
        ("cutter_owner", "NOLOGIN"),
        ("cutter_exec", "LOGIN"),
        ("cutter_verify", "LOGIN"),
        ("cutter_ro", "LOGIN"),
    ):
        connection.execute(
            sql.SQL(
                "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = {name}) THEN CREATE ROLE {role} {login}; END IF;"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            ).format(name=sql.Literal(role), role=sql.Identifier(role), login=sql.SQL(login))
        )
    connection.execute(_MAKE_STOPPER)
    owner = sql.Identifier("cutter_owner")
    mark_schemas(connection)
    connection.execute(sql.SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(owner))
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS cutter_governance AUTHORIZATION {}").format(owner))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS cutter_governance.schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
        " sha256 text NOT NULL, applied_by text NOT NULL DEFAULT session_user, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    connection.execute(sql.SQL("ALTER TABLE cutter_governance.schema_migration OWNER TO {}").format(owner))
    # Each other table is made as its owner; this one is born with the rights of the administrator's default privileges.
    connection.execute(_OWN_ALONE)


def _recorded(connection: psycopg.Connection) -> dict[int, str]:
    return dict(connection.execute("SELECT number, sha256 FROM cutter_governance.schema_migration").fetchall())


def _refuse_edited(steps: tuple[Migration, ...], done: dict[int, str]) -> None:
    known = {step.number: step for step in steps}
    for number, recorded in done.items():
        step = known.get(number)
        if step is None or step.sha256 != recorded:
            reason = "is not in this program" if step is None else f"has sha256 {step.sha256}, applied was {recorded}"
            raise Drifted(
                StopCode.DRIFT,
                f"migration {number:04d} {reason}",
                "Install the program that the database was migrated with, or a newer one.",
            )


def _refuse_misfits(connection: psycopg.Connection, steps: tuple[Migration, ...]) -> None:
    names = schema_names(connection)
    misfits = differences(
        connection,
        tuple((names.schema_in_database(step.schema_name), step.text) for step in steps if "CREATE TABLE" in step.text),
    )
    if misfits:
        listed = "\n  ".join(misfits)
        raise Refused(
            StopCode.DRIFT,
            f"existing tables do not fit; nothing was changed:\n  {listed}",
            "Where these tables are an organisation's, leave them as they are: a site mapping says where this product's own are to"
            " stand beside them: cutter-console adopt inspect. Where they are this product's: settle each difference by hand,"
            " then migrate again.",
        )


def _apply(connection: psycopg.Connection, step: Migration) -> None:
    schema = schema_names(connection).schema_in_database(step.schema_name)
    connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(schema)))
    connection.execute(step.text.encode())
    connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
    connection.execute(
        "INSERT INTO cutter_governance.schema_migration (number, name, sha256) VALUES (%s, %s, %s)",
        (step.number, step.name, step.sha256),
    )


def _seed_vocabulary(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO cutter_governance.unit_vocabulary (unit_kind, section_type) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            sorted(VOCABULARY),
        )
