"""Settings that sessions of the product's roles or database begin with: which are harmless; the others are refused."""

import json

import psycopg

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Drifted, StopCode
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value
from console.backend.postgres.inventory import schema_digest
from console.backend.postgres.rendering import schema_names

_HARMLESS = frozenset(
    {
        *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"),
        *("transaction_timeout", "client_connection_check_interval", "tcp_user_timeout", "application_name"),
        *("work_mem", "maintenance_work_mem", "temp_buffers", "temp_file_limit", "hash_mem_multiplier"),
        *(
            "logical_decoding_work_mem",
            "effective_cache_size",
            "effective_io_concurrency",
            "maintenance_io_concurrency",
        ),
        *(
            "random_page_cost",
            "seq_page_cost",
            "default_statistics_target",
            "from_collapse_limit",
            "join_collapse_limit",
        ),
        *("plan_cache_mode", "compute_query_id", "client_min_messages", "lc_messages", "backend_flush_after"),
    }
)
_HARMLESS_BEGINNINGS = (
    *(
        "log_",
        "track_",
        "enable_",
        "geqo",
        "jit",
        "cpu_",
        "parallel_",
        "max_parallel_",
        "min_parallel_",
        "debug_print_",
    ),
    *("tcp_keepalives_", "vacuum_", "auto_explain.", "pg_stat_statements.", "pgaudit."),
)
"""Settings of planning, statistics, logging and time limits; none changes what a statement means, reads or writes."""
_NEVER = "session_replication_role"
"""Never accepted: guards and foreign keys would not fire, and no session of the product opens with it."""

_FOUND = """
    SELECT f.object, f.name, f.value,
           'ALTER ' || CASE WHEN f.object = 'DATABASE' THEN format('DATABASE %%I', current_database())
                            WHEN f.object LIKE '%% IN DATABASE' THEN f.object || format(' %%I', current_database())
                            ELSE f.object END || ' RESET ' || f.name
      FROM (SELECT CASE WHEN s.setrole = 0 THEN CASE WHEN s.setdatabase = 0 THEN 'ROLE ALL' ELSE 'DATABASE' END
                        ELSE format('ROLE %%I', pg_get_userbyid(s.setrole)) || CASE WHEN s.setdatabase = 0 THEN '' ELSE ' IN DATABASE' END END AS object,
                   lower(split_part(v, '=', 1)) AS name, substr(v, strpos(v, '=') + 1) AS value
              FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) v
             WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
               AND (s.setrole = 0 OR pg_get_userbyid(s.setrole) = ANY (%s))) f
     ORDER BY 1, 2
"""
_PINNED = "SELECT line FROM cutter_governance.v_schema_pin WHERE line::jsonb->>0 = 'setting'"
_ROLES = ["cutter_owner", "cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop"]


class RoleSetting(Value):
    """One setting that sessions begin with."""

    object: SafeText
    """`ROLE cutter_exec`, `ROLE cutter_exec IN DATABASE`, `ROLE ALL` or `DATABASE`, as the inventory calls it."""
    name: SafeText
    value: SafeText
    reset: SafeText
    """The command that takes it away."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the parts that are compared with a pinned setting."""
        return self.object, self.name, self.value

    def __str__(self) -> str:
        return f"{self.object}: {self.name}={self.value}"


def is_harmless(setting: RoleSetting) -> bool:
    """Return whether the product works in the same way with this setting. Pure."""
    if setting.name == "default_transaction_read_only":
        return setting.object.startswith("ROLE cutter_ro") and setting.value in {"on", "true", "yes", "1"}
    return is_harmless_name(setting.name)


def is_harmless_name(name: str) -> bool:
    """Return whether no value of a setting changes what a statement means, reads or writes. Pure."""
    return name in _HARMLESS or name.startswith(_HARMLESS_BEGINNINGS)


def refuse_settings(connection: psycopg.Connection, accept: str, *, installed: bool) -> None:
    """Raise Drifted if sessions begin with a setting that changes what the product relies on.

    A pinned setting has been accepted before. Others are accepted by the digest that the refusal names: that of the
    schema if one is installed, else that of the settings. `session_replication_role` is never accepted.
    """
    rows = connection.execute(_FOUND, (_ROLES,)).fetchall()
    settings = [RoleSetting(object=o, name=n, value=v, reset=r) for o, n, v, r in rows]
    relied = [setting for setting in settings if not is_harmless(setting)]
    never = [setting for setting in relied if setting.name == _NEVER and setting.value != "origin"]
    if never:
        raise _refused(connection, never, "")
    known = _pinned(connection) if installed else set()
    fresh = [setting for setting in relied if setting.key not in known]
    if not fresh:
        return
    digest = schema_digest(connection) if installed else sha256_hex("\n".join(map(str, fresh)).encode())
    if accept != digest:
        raise _refused(connection, fresh, digest)


def _pinned(connection: psycopg.Connection) -> set[tuple[str, str, str]]:
    lines = [json.loads(line) for (line,) in connection.execute(_PINNED).fetchall()]
    return {(safe_text(object_), safe_text(name.lower()), safe_text(value)) for _, object_, name, _, value in lines}


def _refused(connection: psycopg.Connection, settings: list[RoleSetting], digest: str) -> Drifted:
    commands = " ".join(f"{setting.reset};" for setting in settings)
    reset = f"As a superuser, in psql: {commands}"
    accept = f"ccept it: cutter-console migrate --accept {digest}"
    if not digest:
        action = reset
    elif schema_names(connection).are_as_written:
        action = f"{reset} Or a{accept}"
    else:
        # Programs of the organisation may need them, and sessions of this one set their own.
        action = f"A{accept}. Only what nobody else needs may be taken away. {reset}"
    return Drifted(
        StopCode.DRIFT,
        f"sessions begin with settings that change what the product relies on: {', '.join(map(str, settings))}",
        action,
    )
