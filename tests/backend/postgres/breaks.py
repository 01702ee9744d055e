"""Breaks of grants and definitions that a superuser makes by hand, and how each must be told."""

UNIT, VERSION, RUN = "public.information_unit", "public.unit_version", "cutter_governance.run"
APPLY = "cutter_console.fn_cut_apply(text, bytea, bytea, jsonb)"
APPLY_NAMED = "cutter_console.fn_cut_apply(p_run_id text, p_manifest bytea, p_canonical bytea, p_event jsonb)"

BREAKS: dict[str, tuple[str, tuple[tuple[str, str, str, str], ...]]] = {
    "a dropped grant": (
        "REVOKE SELECT ON cutter_governance.v_run FROM cutter_ro",
        (("grant", "cutter_ro on cutter_governance.v_run", "SELECT", "none"),),
    ),
    "an extra grant": (
        f"GRANT DELETE, UPDATE ON {UNIT} TO cutter_exec",
        (("grant", f"cutter_exec on {UNIT}", "SELECT", "DELETE, SELECT, UPDATE"),),
    ),
    "a grant with grant option": (
        f"GRANT SELECT ON {UNIT} TO cutter_exec WITH GRANT OPTION",
        (("grant", f"cutter_exec on {UNIT}", "SELECT", "SELECT*"),),
    ),
    "a grant on a column": (
        f"GRANT UPDATE (body) ON {VERSION} TO cutter_exec",
        (("grant", f"cutter_exec on {VERSION} (body)", "none", "UPDATE"),),
    ),
    "a privilege taken from the owner": (
        f"REVOKE INSERT ON {UNIT} FROM cutter_owner",
        (("grant", f"cutter_owner on {UNIT}", "*INSERT*", "*"),),
    ),
    "execute for everybody": (
        f"GRANT EXECUTE ON FUNCTION {APPLY} TO PUBLIC",
        (("grant", f"PUBLIC on function {APPLY_NAMED}", "none", "EXECUTE"),),
    ),
    "a grant on a schema": (
        "GRANT CREATE ON SCHEMA cutter_governance TO cutter_exec",
        (("grant", "cutter_exec on schema cutter_governance", "USAGE", "CREATE, USAGE"),),
    ),
    "a disabled trigger": (
        f"ALTER TABLE {UNIT} DISABLE TRIGGER guard_write",
        (("trigger state", f"guard_write on {UNIT}", "ENABLE ALWAYS", "disabled"),),
    ),
    "a trigger that replica mode skips": (
        f"ALTER TABLE {UNIT} ENABLE TRIGGER guard_write",
        (("trigger state", f"guard_write on {UNIT}", "ENABLE ALWAYS", "ENABLE"),),
    ),
    "a dropped trigger": (
        f"DROP TRIGGER guard_immutable ON {VERSION}",
        (("trigger", f"guard_immutable on {VERSION}", "*CREATE TRIGGER guard_immutable*", "missing"),),
    ),
    "a dropped constraint trigger": (
        "DROP TRIGGER guard_all_or_nothing ON cutter_governance.approval_use",
        (("trigger", "guard_all_or_nothing on *", "*CONSTRAINT TRIGGER*", "missing"),),
    ),
    "a foreign trigger": (
        f"CREATE TRIGGER stranger AFTER INSERT ON {VERSION} FOR EACH ROW EXECUTE FUNCTION cutter_console.guard_write()",
        (("trigger", f"stranger on {VERSION}", "absent", "*CREATE TRIGGER stranger*"),),
    ),
    "a changed trigger": (
        f"CREATE OR REPLACE TRIGGER guard_write BEFORE INSERT ON {UNIT} FOR EACH STATEMENT EXECUTE FUNCTION cutter_console.guard_write()",
        (("trigger", f"guard_write on {UNIT}", "*INSERT OR UPDATE*", "*BEFORE INSERT ON*"),),
    ),
    "a changed function body": (
        "CREATE OR REPLACE FUNCTION cutter_console.fn_assert_no_hold() RETURNS void LANGUAGE plpgsql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS 'BEGIN END'",
        (("function", "cutter_console.fn_assert_no_hold(): body", "sha256 *", "sha256 *"),),
    ),
    "a function that lost everything": (
        "CREATE OR REPLACE FUNCTION cutter_console.fn_assert_no_hold() RETURNS void LANGUAGE sql AS 'SELECT'",
        (
            ("function", "cutter_console.fn_assert_no_hold(): body", "sha256 *", "sha256 *"),
            ("function", "cutter_console.fn_assert_no_hold(): definer", "SECURITY DEFINER", "SECURITY INVOKER"),
            ("function", "cutter_console.fn_assert_no_hold(): form", "plpgsql*", "sql*"),
            ("function", "cutter_console.fn_assert_no_hold(): settings", "search_path=*", "none"),
        ),
    ),
    "a function's search_path": (
        f"ALTER FUNCTION {APPLY} SET search_path = public",
        (("function", "*: settings", "search_path=pg_catalog, pg_temp", "search_path=public"),),
    ),
    "a function that is no definer": (
        f"ALTER FUNCTION {APPLY} SECURITY INVOKER",
        (("function", "*: definer", "SECURITY DEFINER", "SECURITY INVOKER"),),
    ),
    "a dropped function": (
        f"DROP FUNCTION {APPLY}",
        (("function", f"{APPLY_NAMED}: body", "sha256 *", "missing"),),
    ),
    "a foreign function": (
        "CREATE FUNCTION cutter_console.fn_stranger() RETURNS void LANGUAGE sql AS 'SELECT'",
        (("function", "cutter_console.fn_stranger(): body", "absent", "sha256 *"),),
    ),
    "a changed owner of a table": (
        f"ALTER TABLE {RUN} OWNER TO cutter_exec",
        (("owner", RUN, "cutter_owner", "cutter_exec"),),
    ),
    "a changed owner of a table with a sequence": (
        "ALTER TABLE cutter_governance.run_event OWNER TO cutter_verify",
        (("owner", "cutter_governance.run_event", "cutter_owner", "cutter_verify"), ("grant", "cutter_verify on sequence *", "SELECT", "none")),
    ),
    "a changed owner of a function": (
        f"ALTER FUNCTION {APPLY} OWNER TO postgres",
        (("owner", f"function {APPLY_NAMED}", "cutter_owner", "postgres"),),
    ),
    "a changed owner of the schema": (
        "ALTER SCHEMA cutter_governance OWNER TO cutter_exec",
        (("owner", "schema cutter_governance", "cutter_owner", "cutter_exec"),),
    ),
    "an extra column": (
        f"ALTER TABLE {VERSION} ADD COLUMN remark text",
        (("column", f"{VERSION}.remark", "absent", "text"),),
    ),
    "a column that may be null": (
        f"ALTER TABLE {VERSION} ALTER COLUMN body DROP NOT NULL",
        (("column", f"{VERSION}.body", "text NOT NULL", "text"),),
    ),
    "a changed default": (
        f"ALTER TABLE {UNIT} ALTER COLUMN lifecycle_status SET DEFAULT 'enacted'",
        (("column", f"{UNIT}.lifecycle_status", "*DEFAULT 'draft'::text", "*DEFAULT 'enacted'::text"),),
    ),
    "a dropped column": (
        f"ALTER TABLE {VERSION} DROP COLUMN enacted_at CASCADE",
        (("column", f"{VERSION}.enacted_at", "timestamp with time zone", "missing"), ("trigger", f"guard_immutable on {VERSION}", "*", "missing")),
    ),
    "a dropped check": (
        "ALTER TABLE cutter_governance.approval DROP CONSTRAINT approval_signers_check",
        (("constraint", "approval_signers_check on *", "CHECK*", "missing"),),
    ),
    "a dropped unique index": (
        "DROP INDEX cutter_governance.execution_lease_one_open",
        (("unique index", "*execution_lease_one_open on *", "CREATE UNIQUE INDEX*", "missing"),),
    ),
    "a changed view": (
        "CREATE OR REPLACE VIEW cutter_governance.v_hold AS SELECT * FROM cutter_governance.hold_event WHERE false",
        (("view", "cutter_governance.v_hold", "sha256 *", "sha256 *"),),
    ),
    "a view with another column": (
        "CREATE OR REPLACE VIEW cutter_governance.v_hold AS SELECT *, 1 AS more FROM cutter_governance.hold_event",
        (("view", "cutter_governance.v_hold", "sha256 *", "sha256 *"),),
    ),
    "a dropped view": (
        "DROP VIEW cutter_governance.v_lease",
        (("relation", "cutter_governance.v_lease", "a view", "missing"),),
    ),
    "a guard of sealed manifests switched off": (
        "ALTER TABLE cutter_governance.manifest_unit_block DISABLE TRIGGER guard_sealed",
        (("trigger state", "guard_sealed on cutter_governance.manifest_unit_block", "ENABLE ALWAYS", "disabled"),),
    ),
    "a ruling that could be used twice": (
        "DROP INDEX cutter_governance.approval_use_once",
        (("unique index", "*approval_use_once on *", "CREATE UNIQUE INDEX*", "missing"),),
    ),
    "a way to import without the verifying role": (
        "GRANT EXECUTE ON FUNCTION cutter_console.fn_approval_import(bytea, bytea[]) TO cutter_exec",
        (("grant", "cutter_exec on function cutter_console.fn_approval_import(p_statement bytea, p_signatures bytea[])", "none", "EXECUTE"),),
    ),
    "a function without a setting of its own": (
        "ALTER FUNCTION cutter_console.fn_lock(boolean) RESET lock_timeout",
        (("function", "*fn_lock(p_wait boolean): settings", "*lock_timeout=10s*", "search_path=pg_catalog, pg_temp"),),
    ),
    "a foreign table": (
        "CREATE TABLE cutter_governance.stranger (id integer PRIMARY KEY)",
        (("relation", "cutter_governance.stranger", "absent", "a table"),),
    ),
    "a rewrite rule": (
        f"CREATE RULE swallow AS ON INSERT TO {VERSION} DO INSTEAD NOTHING",
        (("rule", f"swallow on {VERSION}", "absent", "*INSTEAD NOTHING*"),),
    ),
    "row security and a policy": (
        f"ALTER TABLE {UNIT} ENABLE ROW LEVEL SECURITY; CREATE POLICY only_mine ON {UNIT} USING (false)",
        (("policy", f"only_mine on {UNIT}", "absent", "*false*"), ("row security", UNIT, "absent", "enabled")),
    ),
    "default privileges": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE cutter_owner IN SCHEMA cutter_governance GRANT INSERT ON TABLES TO cutter_ro",
        (("default privileges", "cutter_ro on FOR ROLE cutter_owner IN SCHEMA cutter_governance (TABLES)", "none", "INSERT"),),
    ),
    "a view that lends the owner's rights": (
        f"CREATE VIEW public.units AS SELECT * FROM {UNIT}; ALTER VIEW public.units OWNER TO cutter_owner; GRANT INSERT ON public.units TO cutter_exec",
        (("relation elsewhere", "public.units", "absent", "of cutter_owner"),),
    ),
    "a function elsewhere with the owner's rights": (
        "CREATE SCHEMA elsewhere; CREATE FUNCTION elsewhere.f() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$;"
        " ALTER FUNCTION elsewhere.f() OWNER TO cutter_owner",
        (("function elsewhere", "function elsewhere.f()", "absent", "SECURITY DEFINER of cutter_owner, sha256 *"),),
    ),
    "a superuser's function that all may call": (
        "CREATE FUNCTION public.f(integer) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$",
        (("function elsewhere", "function public.f(integer)", "absent", "SECURITY DEFINER of postgres, sha256 *"),),
    ),
    "a function in the one schema that every function looks into": (
        "CREATE FUNCTION pg_catalog.fn_lent() RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$",
        (("function elsewhere", "function pg_catalog.fn_lent()", "absent", "function of postgres, sha256 *"),),
    ),
    "a child whose rows its parent shows": (
        f"CREATE TABLE public.child () INHERITS ({UNIT})",
        (("child table", f"public.child on {UNIT}", "absent", "inherits"),),
    ),
    "foreign keys that are not asked": (
        "DO $$ DECLARE t record; BEGIN FOR t IN SELECT tgrelid::regclass r, tgname FROM pg_trigger WHERE tgisinternal AND tgrelid = 'cutter_governance.approval_use'::regclass AND tgconstraint = (SELECT oid FROM pg_constraint WHERE conname = 'approval_use_run_id_fkey')"
        " LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.r, t.tgname); END LOOP; END $$",
        (("foreign key", "approval_use_run_id_fkey on cutter_governance.approval_use", "asked", "not asked: *"),),
    ),
    "a setting of a role": (
        "ALTER ROLE cutter_exec SET session_replication_role = replica",
        (("setting", "session_replication_role of ROLE cutter_exec", "none", "replica"),),
    ),
    "a setting of a role in this database": (
        "DO $$ BEGIN EXECUTE format('ALTER ROLE cutter_verify IN DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
        (("setting", "search_path of ROLE cutter_verify IN DATABASE", "none", "public, pg_catalog"),),
    ),
    "a setting of the database": (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET row_security = off', current_database()); END $$",
        (("setting", "row_security of DATABASE", "none", "off"),),
    ),
    "a parameter that a role may set": (
        "GRANT SET ON PARAMETER session_replication_role TO cutter_exec",
        (("grant", "cutter_exec on PARAMETER session_replication_role", "none", "SET"),),
    ),
    "a schema that a role may make": (
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO cutter_exec', current_database()); END $$",
        (("grant", "cutter_exec on DATABASE", "none", "CREATE"),),
    ),
    "a function that answers nothing to NULL": (
        "ALTER FUNCTION cutter_console.fn_ruling(text, text) STRICT",
        (("function", "*fn_ruling(p_run_id text, p_purpose text): nulls", "CALLED ON NULL INPUT", "STRICT"),),
    ),
    "a changed default of an argument": (
        "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('cutter_console.fn_probe_cut(integer[], boolean)'::regprocedure), 'DEFAULT false', 'DEFAULT true'); END $$",
        (("function", "*: arguments", "*DEFAULT false", "*DEFAULT true"),),
    ),
    "another collation": (
        'ALTER TABLE cutter_governance.decision_backlog_history ALTER COLUMN note TYPE text COLLATE "C"',
        (("column", "cutter_governance.decision_backlog_history.note", "text*", '*COLLATE "C"*'),),
    ),
    "a view that asks as its reader": (
        "ALTER VIEW cutter_governance.v_run SET (security_invoker = true)",
        (("view options", "cutter_governance.v_run", "none", "security_invoker=true"),),
    ),
    "default privileges in every schema": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE cutter_owner GRANT SELECT ON TABLES TO cutter_ro",
        (("default privileges", "cutter_ro on FOR ROLE cutter_owner (TABLES)", "none", "SELECT"),),
    ),
    "an event trigger": (
        "CREATE FUNCTION public.at_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE EVENT TRIGGER stranger ON ddl_command_end EXECUTE FUNCTION public.at_ddl()",
        (("event trigger", "stranger", "absent", "ddl_command_end*"),),
    ),
    "a publication": (
        f"CREATE PUBLICATION outside FOR TABLE {UNIT}",
        (("publication", f"outside on {UNIT}", "absent", "published"),),
    ),
    "an extra superuser": (
        "CREATE ROLE mallory SUPERUSER",
        (("superuser", "mallory", "not installed", "SUPERUSER"),),
    ),
    "an extra superuser of an odd name": (
        'CREATE ROLE "odd; name" SUPERUSER',
        (("superuser", '"odd; name"', "not installed", "SUPERUSER"),),
    ),
    "a role that passes row security and makes roles": (
        "CREATE ROLE mallory BYPASSRLS CREATEROLE",
        (("role attribute", "BYPASSRLS on mallory", "absent", "*"), ("role attribute", "CREATEROLE on mallory", "absent", "*")),
    ),
    "a member of a dangerous role": (
        "CREATE ROLE mallory LOGIN; GRANT pg_write_all_data TO mallory",
        (("membership", "mallory in pg_write_all_data, granted by postgres", "absent", "ADMIN FALSE*"),),
    ),
    "a member of the owner, with the right to give it on": (
        "CREATE ROLE mallory LOGIN; GRANT cutter_owner TO mallory WITH ADMIN OPTION",
        (("membership", "mallory in cutter_owner, granted by postgres", "absent", "ADMIN TRUE*"),),
    ),
    "a member of a member": (
        'CREATE ROLE mallory; CREATE ROLE "odd; name"; GRANT cutter_exec TO mallory; GRANT mallory TO "odd; name"',
        (("membership", "mallory in cutter_exec*", "absent", "*"), ("membership", '"odd; name" in mallory*', "absent", "*")),
    ),
    "an owner that may log in": (
        "ALTER ROLE cutter_owner LOGIN CREATEDB",
        (("role", "cutter_owner", "* NOCREATEDB NOLOGIN *", "* CREATEDB LOGIN *"),),
    ),
    "a grant to a foreign role": (
        f"CREATE ROLE mallory; GRANT SELECT ON {UNIT} TO mallory",
        (("grant", f"mallory on {UNIT}", "none", "SELECT"),),
    ),
}  # fmt: skip
"""What is done by hand as a superuser, and what must be read of it: kind, subject, expected, actual."""
