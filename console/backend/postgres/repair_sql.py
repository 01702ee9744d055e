"""Pure: the SQL that repairs a change of the inventory, for an administrator to read and run; one string per line.

Names come out of the catalogue quoted. What could lose data is printed as a comment, below a warning.
"""

import re
from collections.abc import Callable

from console.backend.model.schema_names import UNITS
from console.backend.postgres.console_schema import EXTRA_CHECKS, NO_EXTRA_CHECKS
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.inventory import Change, Inventory, Key

Lines = tuple[str, ...]

LOOK_FIRST = "-- Data could be lost. Look at what is there, keep a dump; then take the comment mark away:"
NO_STATEMENT = "-- No statement repairs this by itself: find out who changed it and why."
OF_OTHERS = (
    "-- Not this product's, and perhaps needed: ask whose it is. Where it is nobody's, take the comment mark away:"
)
_ROLES = {"cutter_owner", "cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop"}
_OF_THE_SERVER = {
    "superuser",
    "role attribute",
    "event trigger",
    "subscription",
    "function elsewhere",
    "relation elsewhere",
}
"""Kinds that are never this product's own, whatever their names."""
_BY_ROLE = re.compile(r"^(?:FOR )?ROLE (\w+)")


def repair(change: Change, inventory: Inventory) -> Lines:
    """Return statements and comments, in the order in which they are to be run.

    In a database that is an organisation's, what would change something of the organisation's is a comment.
    """
    lines = _BY_WHAT.get(change.key.what, _words)(change, inventory)
    if not inventory.is_shared or _is_own(change.key, inventory):
        return lines
    return (OF_OTHERS, *(line if line.startswith("--") else f"-- {line}" for line in lines))


def _is_own(key: Key, inventory: Inventory) -> bool:
    """Return whether the repair changes an object, a right or a setting of this product's alone."""
    if key.what in _OF_THE_SERVER:
        return False
    if key.what == "membership":
        return bool({key.object, key.role} & _ROLES)
    if key.object == f"SCHEMA {UNITS}" or key.object.startswith(("DATABASE", "PARAMETER ")):
        return key.role in _ROLES
    if role := _BY_ROLE.match(key.object):
        return role[1] in _ROLES or key.object.endswith(tuple(f" IN SCHEMA {name}" for name in inventory.own_schemas))
    return True


def _words(_change: Change, _inventory: Inventory) -> Lines:
    return (NO_STATEMENT,)


def name_of(object_: str) -> str:
    """Return the name without the kind: `public.unit_version` for `TABLE public.unit_version`."""
    for kind in ("MATERIALIZED VIEW ", "FOREIGN TABLE "):
        if object_.startswith(kind):
            return object_.removeprefix(kind)
    return object_.partition(" ")[2] or object_


def _grantable(object_: str) -> str:
    """Return the object as GRANT names it: every relation but a sequence is a TABLE there."""
    relation = object_.startswith(("TABLE ", "VIEW ", "MATERIALIZED VIEW ", "FOREIGN TABLE "))
    return f"TABLE {name_of(object_)}" if relation else object_


def _privileges(value: str | None) -> dict[str, bool]:
    """Return each privilege of a line such as `SELECT*, UPDATE`, and if it is held WITH GRANT OPTION (`*`)."""
    grantable: dict[str, bool] = {}
    for privilege in (value or "").split(", "):
        if privilege:
            grantable[privilege.rstrip("*")] = grantable.get(privilege.rstrip("*"), False) or privilege.endswith("*")
    return grantable


def _grant(change: Change, inventory: Inventory) -> Lines:
    wanted, have = _privileges(change.expected), _privileges(change.actual)
    key = change.key
    column = f" ({key.part})" if key.part else ""
    on = f"ON {_named(key.object, inventory) if key.object == 'DATABASE' else _grantable(key.object)}"

    def listed(names: list[str]) -> str:
        return ", ".join(name + column for name in names)

    extra = [name for name in have if name not in wanted]
    options = [name for name in have if name in wanted and have[name] and not wanted[name]]
    plain = [name for name in wanted if name not in have and not wanted[name]]
    starred = [name for name in wanted if wanted[name] and not have.get(name, False)]
    lines = []
    if extra:
        # Without CASCADE the server refuses to revoke a privilege that its holder has granted to others.
        cascade = " CASCADE" if any(have[name] for name in extra) else ""
        lines.append(f"REVOKE {listed(extra)} {on} FROM {key.role}{cascade};")
    if options:
        lines.append(f"REVOKE GRANT OPTION FOR {listed(options)} {on} FROM {key.role} CASCADE;")
    if plain:
        lines.append(f"GRANT {listed(plain)} {on} TO {key.role};")
    if starred:
        lines.append(f"GRANT {listed(starred)} {on} TO {key.role} WITH GRANT OPTION;")
    return tuple(lines)


def _owner(change: Change, inventory: Inventory) -> Lines:
    object_ = change.key.object
    # PostgreSQL gives the old owner's privileges to the new one, merged with its own: those are granted again.
    again = _granted(object_, inventory, only=change.actual or "")
    return (f"ALTER {_named(object_, inventory)} OWNER TO {change.expected};", *again)


def _named(object_: str, inventory: Inventory) -> str:
    """Return the object with the database's name, which lines leave out: they are equal in every copy of a database."""
    return f"{object_} {inventory.quoted_database}" if object_.endswith("DATABASE") else object_


def _granted(object_: str, inventory: Inventory, only: str = "") -> Lines:
    """Return the pinned grants on this object, to the role `only`, or to all roles but its owner."""
    owner = inventory.pinned.get(Key("owner", object_, "", ""))
    lines: list[str] = []
    for key, value in sorted(inventory.pinned.items()):
        if key.what == "grant" and key.object == object_ and key.role != owner and (not only or key.role == only):
            lines += _grant(Change(key, value, None), inventory)
    return tuple(lines)


def _function(change: Change, inventory: Inventory) -> Lines:
    object_ = change.key.object
    match change.key.part:
        case "definer":
            return (f"ALTER {object_} {change.expected};",)
        case "nulls":
            return (f"ALTER {object_} {change.expected};",)
        case "settings":
            settings = () if change.expected == "none" else tuple((change.expected or "").split("; "))
            pairs = (setting.partition("=") for setting in settings)
            return (f"ALTER {object_} RESET ALL;", *(f"ALTER {object_} SET {k} = {_quoted(v)};" for k, _, v in pairs))
        case _:
            return _redefined(change, inventory)


def _quoted(setting: str) -> str:
    """Return a setting's value for SET: each item of a list is quoted by itself."""
    return ", ".join("'" + item.replace("'", "''") + "'" for item in setting.split(", "))


def _redefined(change: Change, inventory: Inventory) -> Lines:
    object_ = change.key.object
    body = Key("function", object_, "body", "")
    form = (Key("function", object_, "form", ""), Key("function", object_, "arguments", ""))
    if body not in inventory.pinned:
        return (f"DROP {object_};",)
    known = definition_of(object_, inventory.names)
    if known is None or known.body_sha256 != inventory.pinned[body]:
        return ("-- The installed definition is not in this program: use the one that the database was migrated with.",)
    # As where it was first made: what this database has PL/pgSQL check besides is meant for functions of its own.
    statement = (
        f"SET {NO_EXTRA_CHECKS};",
        *known.statement.split("\n"),
        f"RESET {EXTRA_CHECKS};",
    )
    if body in inventory.now and all(inventory.now.get(key) == inventory.pinned.get(key) for key in form):
        return statement
    # CREATE OR REPLACE cannot change a function's result type or arguments.
    dropped = (f"DROP {object_};",) if body in inventory.now else ()
    return (*dropped, *statement, *_belongings(object_, inventory))


def _belongings(object_: str, inventory: Inventory) -> Lines:
    """Return owner and grants of an object that was created again."""
    owner = inventory.pinned.get(Key("owner", object_, "", ""))
    # A new function may be executed by everybody until that is revoked.
    closed = (f"REVOKE ALL ON {_grantable(object_)} FROM PUBLIC;",) if object_.startswith("FUNCTION ") else ()
    return (f"ALTER {object_} OWNER TO {owner};", *closed, *_granted(object_, inventory))


def _view(change: Change, inventory: Inventory) -> Lines:
    object_ = change.key.object
    known = definition_of(object_, inventory.names)
    if known is None:
        return (NO_STATEMENT,)
    made = (f"SET search_path = {known.schema};", *known.statement.split("\n"), "RESET search_path;")
    # CREATE OR REPLACE VIEW refuses other columns than the view has.
    same_columns = _columns(object_, inventory.pinned) == _columns(object_, inventory.now)
    if change.actual is not None and same_columns:
        return made
    dropped = (f"DROP {object_};",) if change.actual is not None else ()
    return (*dropped, *made, *_belongings(object_, inventory))


def _columns(object_: str, lines: dict[Key, str]) -> dict[Key, str]:
    return {key: value for key, value in lines.items() if key.what == "column" and key.object == object_}


def _relation(change: Change, inventory: Inventory) -> Lines:
    object_ = change.key.object
    if object_.startswith("VIEW "):
        return (f"DROP {object_};",) if change.expected is None else _view(change, inventory)
    if change.expected is None:
        return (LOOK_FIRST, f"-- DROP {object_};")
    if change.actual is None:
        return ("-- It is gone with its rows: restore it from the newest proven backup: cutter-console backup list",)
    return (f"ALTER {object_} SET LOGGED;",) if change.actual == "ru" else (NO_STATEMENT,)


def _column(change: Change, _inventory: Inventory) -> Lines:
    head = f"ALTER {change.key.object}"
    column = change.key.part
    if change.expected is None:
        return (LOOK_FIRST, f"-- {head} DROP COLUMN {column};")
    if change.actual is None:
        gone = "-- Its data are gone: cutter-console backup list names the dumps that have them."
        return (gone, f"{head} ADD COLUMN {column} {change.expected};")
    wanted, have = _column_parts(change.expected), _column_parts(change.actual)
    if wanted[0] != have[0]:
        return (LOOK_FIRST, f"-- {head} ALTER COLUMN {column} TYPE {wanted[0]};")
    lines = []
    if wanted[1] != have[1]:
        lines.append(f"{head} ALTER COLUMN {column} {'SET' if wanted[1] else 'DROP'} NOT NULL;")
    if wanted[2] != have[2]:
        default = f"SET DEFAULT {wanted[2]}" if wanted[2] else "DROP DEFAULT"
        lines.append(f"{head} ALTER COLUMN {column} {default};")
    return tuple(lines)


def _column_parts(value: str) -> tuple[str, bool, str]:
    """Split a column's value into its type (with GENERATED …), NOT NULL and default."""
    rest, _, default = value.partition(" DEFAULT ")
    kind, required, generated = rest.partition(" NOT NULL")
    return kind + generated, bool(required), default


def _constraint(change: Change, _inventory: Inventory) -> Lines:
    head = f"ALTER {change.key.object}"
    dropped = (f"{head} DROP CONSTRAINT {change.key.part};",) if change.actual is not None else ()
    added = (f"{head} ADD CONSTRAINT {change.key.part} {change.expected};",) if change.expected is not None else ()
    return dropped + added


def _index(change: Change, _inventory: Inventory) -> Lines:
    dropped = (f"DROP INDEX {change.key.part};",) if change.actual is not None else ()
    return dropped + ((f"{change.expected};",) if change.expected is not None else ())


def _trigger(change: Change, inventory: Inventory) -> Lines:
    table, trigger = name_of(change.key.object), change.key.part
    dropped = (f"DROP TRIGGER {trigger} ON {table};",) if change.actual is not None else ()
    if change.expected is None:
        return dropped
    # CREATE TRIGGER makes an ordinary one, which a session with session_replication_role = replica skips.
    state = inventory.pinned.get(change.key._replace(what="trigger state"), "ENABLE ALWAYS")
    return (*dropped, f"{change.expected};", *_enabled(table, trigger, state))


def _trigger_state(change: Change, _inventory: Inventory) -> Lines:
    return _enabled(name_of(change.key.object), change.key.part, change.expected or "")


def _enabled(table: str, trigger: str, state: str) -> Lines:
    return (f"ALTER TABLE {table} {'DISABLE' if state == 'disabled' else state} TRIGGER {trigger};",)


def _on_table(kind: str) -> Callable[[Change, Inventory], Lines]:
    """Return the repair of a kind of which the product has none (rule, policy): each one is dropped."""

    def drop(change: Change, _inventory: Inventory) -> Lines:
        if change.expected is not None:
            return (NO_STATEMENT,)
        return (f"DROP {kind} {change.key.part} ON {name_of(change.key.object)};",)

    return drop


def _row_security(change: Change, _inventory: Inventory) -> Lines:
    table = f"ALTER {change.key.object}"
    return (f"{table} DISABLE ROW LEVEL SECURITY;", f"{table} NO FORCE ROW LEVEL SECURITY;")


def _event_trigger(change: Change, _inventory: Inventory) -> Lines:
    if change.expected is not None:
        return (NO_STATEMENT,)
    return (
        "-- It runs at every DDL of this database: ask who installed it.",
        f"DROP EVENT TRIGGER {change.key.object};",
    )


def _default_privileges(change: Change, _inventory: Inventory) -> Lines:
    head = f"ALTER DEFAULT PRIVILEGES {change.key.object}"
    wanted, have = _privileges(change.expected), _privileges(change.actual)
    extra = [name for name in have if name not in wanted]
    missing = [name for name in wanted if name not in have]
    lines = []
    if extra:
        lines.append(f"{head} REVOKE {', '.join(extra)} ON {change.key.part} FROM {change.key.role};")
    if missing:
        lines.append(f"{head} GRANT {', '.join(missing)} ON {change.key.part} TO {change.key.role};")
    return tuple(lines) or (NO_STATEMENT,)


def _publication(change: Change, _inventory: Inventory) -> Lines:
    if change.expected is not None:
        return (NO_STATEMENT,)
    caution = "-- Rows leave this server by it. Of one FOR ALL TABLES only the whole can be dropped: DROP PUBLICATION"
    return (caution, f"ALTER PUBLICATION {change.key.part} DROP {change.key.object};")


def _subscription(change: Change, _inventory: Inventory) -> Lines:
    if change.expected is not None:
        return (NO_STATEMENT,)
    return (
        "-- Rows come in by it past the guards' functions.",
        f"ALTER SUBSCRIPTION {change.key.part} DISABLE;",
        f"-- DROP SUBSCRIPTION {change.key.part};",
    )


def _role(change: Change, _inventory: Inventory) -> Lines:
    verb = "CREATE" if change.actual is None else "ALTER"
    return (f"{verb} ROLE {change.key.object} {change.expected};",)


def _superuser(change: Change, _inventory: Inventory) -> Lines:
    if change.expected is not None:
        return (
            "-- It was a superuser at installation. Fewer are safer; this makes it one again:",
            f"ALTER ROLE {change.key.object} SUPERUSER;",
        )
    caution = "-- A superuser passes every guard. Make sure that another one remains, and that no service depends on this one."
    return (caution, f"ALTER ROLE {change.key.object} NOSUPERUSER;")


def _role_attribute(change: Change, _inventory: Inventory) -> Lines:
    negated = "" if change.expected is not None else "NO"
    return (f"ALTER ROLE {change.key.object} {negated}{change.key.part};",)


def _membership(change: Change, _inventory: Inventory) -> Lines:
    key = change.key
    lines = []
    if change.actual is not None:
        lines.append(f"REVOKE {key.object} FROM {key.role} GRANTED BY {key.part};")
    if change.expected is not None:
        options = change.expected if "SET" in change.expected else ""
        # Servers before version 16 have the ADMIN option alone, in the older spelling.
        old = "ADMIN OPTION" if change.expected == "ADMIN TRUE" else ""
        with_options = f" WITH {options or old}" if options or old else ""
        lines.append(f"GRANT {key.object} TO {key.role}{with_options} GRANTED BY {key.part};")
    return tuple(lines)


def _function_elsewhere(change: Change, _inventory: Inventory) -> Lines:
    if change.expected is not None:
        return (NO_STATEMENT,)
    caution = "-- A caller acts with its owner's rights, past the grants: ask who installed it."
    return (caution, f"DROP {change.key.object};")


def _child_table(change: Change, _inventory: Inventory) -> Lines:
    if change.expected is not None:
        return (NO_STATEMENT,)
    parent = name_of(change.key.object)
    return (
        f"-- Its rows show in {parent}, and it has no guard.",
        f"ALTER TABLE {change.key.part} NO INHERIT {parent};",
    )


def _foreign_key(change: Change, _inventory: Inventory) -> Lines:
    triggers = (change.actual or "").removeprefix("not asked: ").split(", ")
    if change.expected is not None:
        return (NO_STATEMENT,)
    return (
        "-- Rows that came in meanwhile were not compared: look for those without a parent.",
        *(f"ALTER {change.key.object} ENABLE TRIGGER {trigger};" for trigger in triggers),
    )


def _view_options(change: Change, _inventory: Inventory) -> Lines:
    have = [option.partition("=")[0] for option in (change.actual or "").split(", ") if option]
    reset = (f"ALTER {change.key.object} RESET ({', '.join(have)});",) if have else ()
    wanted = (f"ALTER {change.key.object} SET ({change.expected});",) if change.expected is not None else ()
    return reset + wanted


def _setting(change: Change, inventory: Inventory) -> Lines:
    """Return the repair of a role's or database's setting. A list is left to a person: its quoting is not recorded."""
    head = f"ALTER {_named(change.key.object, inventory)}"
    if change.expected is None:
        return (f"{head} RESET {change.key.part};",)
    if "," in change.expected or '"' in change.expected:
        return (NO_STATEMENT,)
    value = change.expected.replace("'", "''")
    return (f"{head} SET {change.key.part} TO '{value}';",)


_BY_WHAT: dict[str, Callable[[Change, Inventory], Lines]] = {
    "grant": _grant,
    "owner": _owner,
    "function": _function,
    "view": _view,
    "relation": _relation,
    "column": _column,
    "constraint": _constraint,
    "unique index": _index,
    "trigger": _trigger,
    "trigger state": _trigger_state,
    "rule": _on_table("RULE"),
    "policy": _on_table("POLICY"),
    "row security": _row_security,
    "event trigger": _event_trigger,
    "default privileges": _default_privileges,
    "publication": _publication,
    "subscription": _subscription,
    "role": _role,
    "superuser": _superuser,
    "role attribute": _role_attribute,
    "membership": _membership,
    "relation elsewhere": _relation,
    "function elsewhere": _function_elsewhere,
    "child table": _child_table,
    "foreign key": _foreign_key,
    "view options": _view_options,
    "setting": _setting,
}
