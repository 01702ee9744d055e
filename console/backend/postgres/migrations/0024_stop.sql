-- schema: cutter_console
-- A role that may set a HOLD and nothing else, for consoles that only read. `migrate` makes it where it may, and lets
-- it call its one function after each migration: where somebody else makes the role, it may come later.

-- A HOLD that stands already is left as it is: however often this is called, there is one to release.
CREATE OR REPLACE FUNCTION cutter_console.fn_hold_ensure(p_reason text, p_by text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cutter_console.fn_hold_reason() IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM cutter_console.fn_hold_set(p_reason, p_by, NULL);
    RETURN true;
END $$;
COMMENT ON FUNCTION cutter_console.fn_hold_ensure IS
    'As cutter_stop: sets a HOLD unless one is set, and ends the open lease with it. True if this call has set it.';

REVOKE ALL ON FUNCTION cutter_console.fn_hold_ensure FROM PUBLIC;

-- As in 0022, with the role among those of the product: its attributes, memberships and settings are looked at.
CREATE OR REPLACE FUNCTION cutter_console.fn_schema_line() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE relation AS MATERIALIZED (
        SELECT c.oid, c.relkind, c.relowner AS owner, c.relacl AS acl, c.relrowsecurity, c.relforcerowsecurity,
               c.relpersistence,
               CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'm' THEN 'MATERIALIZED VIEW'
                   WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END
               || format(' %I.%I', n.nspname, c.relname) AS object
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'v', 'S', 'm', 'f', 'p')
           AND (n.nspname IN ('cutter_governance', 'cutter_console') OR n.nspname = 'public' AND c.relname IN
               ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config',
                'iu_lifecycle_log_id_seq'))
    ), routine AS MATERIALIZED (
        SELECT p.*,
               format('%s %I.%I(%s)',
                   CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
                   n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS object
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ('cutter_governance', 'cutter_console')
            OR n.nspname = 'public' AND p.proname LIKE 'fn\_iu\_%'
    ), schema_of_product AS MATERIALIZED (
        SELECT n.oid, format('SCHEMA %I', n.nspname) AS object, n.nspowner AS owner, n.nspacl AS acl
          FROM pg_namespace n WHERE n.nspname IN ('cutter_governance', 'cutter_console', 'public')
    ), granted AS (
        SELECT object, '' AS part, owner, coalesce(acl, acldefault('n', owner)) AS acl FROM schema_of_product
        UNION ALL
        SELECT object, '', owner,
               coalesce(acl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", owner)) FROM relation
        UNION ALL
        SELECT object, '', proowner, coalesce(proacl, acldefault('f', proowner)) FROM routine
        UNION ALL
        SELECT r.object, quote_ident(a.attname), r.owner, a.attacl
          FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid WHERE a.attacl IS NOT NULL
    ), power AS MATERIALIZED (
        SELECT r.oid FROM pg_roles r
         WHERE r.rolsuper
           OR r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop',
               'pg_write_all_data', 'pg_read_all_data', 'pg_execute_server_program', 'pg_write_server_files',
               'pg_read_server_files', 'pg_maintain', 'pg_create_subscription')
    ), reach AS (
        SELECT m.roleid, m.member FROM pg_auth_members m
         WHERE m.roleid IN (SELECT oid FROM power)
           OR pg_get_userbyid(m.member) IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')
        UNION
        SELECT m.roleid, m.member FROM pg_auth_members m JOIN reach r ON m.roleid = r.member
    ), fact (what, object, part, role, value) AS (
        SELECT 'owner', 'DATABASE', '', '', quote_ident(pg_get_userbyid(datdba)) FROM pg_database
         WHERE datname = current_database()
        UNION ALL
        SELECT 'owner', object, '', '', quote_ident(pg_get_userbyid(owner)) FROM schema_of_product
        UNION ALL
        SELECT 'owner', object, '', '', quote_ident(pg_get_userbyid(owner)) FROM relation WHERE relkind <> 'S'
        UNION ALL
        SELECT 'owner', object, '', '', quote_ident(pg_get_userbyid(proowner)) FROM routine
        UNION ALL
        SELECT 'grant', g.object, g.part,
               CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
               string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', '
                          ORDER BY x.privilege_type COLLATE "C", x.is_grantable)
          FROM granted g
          CROSS JOIN LATERAL (SELECT DISTINCT grantee, privilege_type, is_grantable FROM aclexplode(g.acl)) x
         WHERE NOT (x.grantee = g.owner AND g.object LIKE 'SEQUENCE %')
         GROUP BY g.object, g.part, x.grantee
        UNION ALL
        SELECT 'relation', object, '', '', concat(relkind, relpersistence) FROM relation
        UNION ALL
        SELECT 'row security', object, '', '', CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'enabled' END
          FROM relation WHERE relrowsecurity OR relforcerowsecurity
        UNION ALL
        SELECT 'column', r.object, quote_ident(a.attname), '', format_type(a.atttypid, a.atttypmod)
               || CASE WHEN a.attcollation <> (SELECT y.typcollation FROM pg_type y WHERE y.oid = a.atttypid)
                       THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
               || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
               || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                   WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
               || CASE WHEN a.attgenerated <> '' THEN ' GENERATED' ELSE '' END
               || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
          FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE r.relkind <> 'S' AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT 'view', object, '', '', encode(sha256(convert_to(pg_get_viewdef(oid), 'UTF8')), 'hex') FROM relation
         WHERE relkind IN ('v', 'm')
        UNION ALL
        SELECT 'rule', r.object, quote_ident(w.rulename), '', concat_ws(' ', w.ev_enabled, pg_get_ruledef(w.oid))
          FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT 'policy', r.object, quote_ident(y.polname), '',
               concat_ws(' ', y.polcmd, y.polpermissive, pg_get_expr(y.polqual, y.polrelid),
                   pg_get_expr(y.polwithcheck, y.polrelid))
          FROM pg_policy y JOIN relation r ON r.oid = y.polrelid
        UNION ALL
        SELECT 'constraint', r.object, quote_ident(c.conname), '', pg_get_constraintdef(c.oid)
          FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid WHERE c.contype NOT IN ('n', 't')
        UNION ALL
        SELECT 'unique index', r.object, i.indexrelid::regclass::text, '', pg_get_indexdef(i.indexrelid)
          FROM pg_index i JOIN relation r ON r.oid = i.indrelid
         WHERE i.indisunique
           AND NOT EXISTS (SELECT 1 FROM pg_constraint c
                            WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT 'function', object, 'body', '', encode(sha256(convert_to(prosrc, 'UTF8')), 'hex') FROM routine
        UNION ALL
        SELECT 'function', object, 'definer', '',
               CASE WHEN prosecdef THEN 'SECURITY DEFINER' ELSE 'SECURITY INVOKER' END FROM routine
        UNION ALL
        SELECT 'function', object, 'settings', '',
               coalesce((SELECT string_agg(c, '; ' ORDER BY c COLLATE "C") FROM unnest(proconfig) c), 'none')
          FROM routine
        UNION ALL
        SELECT 'function', object, 'form', '',
               format('%s %s%s%s', (SELECT l.lanname FROM pg_language l WHERE l.oid = prolang),
                   coalesce('returns ' || pg_get_function_result(oid), ''),
                   CASE provolatile WHEN 'i' THEN ' IMMUTABLE' WHEN 's' THEN ' STABLE' ELSE '' END,
                   CASE WHEN proleakproof THEN ' LEAKPROOF' ELSE '' END) FROM routine
        UNION ALL
        SELECT 'function', object, 'nulls', '', CASE WHEN proisstrict THEN 'STRICT' ELSE 'CALLED ON NULL INPUT' END
          FROM routine WHERE prokind = 'f'
        UNION ALL
        SELECT 'function', object, 'arguments', '', pg_get_function_arguments(oid) FROM routine
        UNION ALL
        SELECT 'trigger', r.object, quote_ident(t.tgname), '', pg_get_triggerdef(t.oid)
          FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'trigger state', r.object, quote_ident(t.tgname), '',
               CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'D' THEN 'disabled'
                   ELSE 'ENABLE' END
          FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'event trigger', quote_ident(e.evtname), '', '',
               format('%s enabled %s function %s owner %I', e.evtevent, e.evtenabled, e.evtfoid::regproc,
                   pg_get_userbyid(e.evtowner))
          FROM pg_event_trigger e
        UNION ALL
        SELECT 'default privileges', format('FOR ROLE %I', pg_get_userbyid(d.defaclrole))
               || CASE WHEN n.nspname IS NOT NULL THEN format(' IN SCHEMA %I', n.nspname) ELSE '' END,
               CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                   WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE d.defaclobjtype::text END,
               CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
               string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', '
                          ORDER BY x.privilege_type COLLATE "C")
          FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
          CROSS JOIN LATERAL aclexplode(d.defaclacl) x
         WHERE (d.defaclnamespace = 0 OR n.nspname IN ('cutter_governance', 'cutter_console', 'public'))
           AND x.grantee <> d.defaclrole
         GROUP BY d.oid, d.defaclrole, n.nspname, d.defaclobjtype, x.grantee
        UNION ALL
        SELECT 'publication', t.object, quote_ident(p.pubname), '', 'published'
          FROM pg_publication_tables p JOIN relation t ON t.object = format('TABLE %I.%I', p.schemaname, p.tablename)
        UNION ALL
        SELECT 'subscription', r.object, quote_ident(s.subname), '', 'subscribed'
          FROM pg_subscription_rel l JOIN pg_subscription s ON s.oid = l.srsubid JOIN relation r ON r.oid = l.srrelid
        UNION ALL
        SELECT 'role', quote_ident(r.rolname), '', '',
               concat_ws(' ', CASE WHEN r.rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END,
                   CASE WHEN r.rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
                   CASE WHEN r.rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
                   CASE WHEN r.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
                   CASE WHEN r.rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
                   CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END)
          FROM pg_roles r
         WHERE r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')
        UNION ALL
        SELECT 'superuser', quote_ident(r.rolname), '', '', 'SUPERUSER' FROM pg_roles r
         WHERE r.rolsuper
           AND r.rolname NOT IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')
        UNION ALL
        SELECT 'role attribute', quote_ident(r.rolname), a.name, '', a.name
          FROM pg_roles r
          CROSS JOIN LATERAL (VALUES ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole),
              ('REPLICATION', r.rolreplication)) a (name, has)
         WHERE a.has AND NOT r.rolsuper
           AND r.rolname NOT IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')
        UNION ALL
        -- The options INHERIT and SET came with PostgreSQL 16.
        SELECT 'membership', quote_ident(pg_get_userbyid(m.roleid)), quote_ident(pg_get_userbyid(m.grantor)),
               quote_ident(pg_get_userbyid(m.member)),
               concat_ws(', ', CASE WHEN m.admin_option THEN 'ADMIN TRUE' ELSE 'ADMIN FALSE' END,
                         'INHERIT ' || upper(to_jsonb(m) ->> 'inherit_option'),
                         'SET ' || upper(to_jsonb(m) ->> 'set_option'))
          FROM reach JOIN pg_auth_members m USING (roleid, member)
    )
    SELECT jsonb_build_array(what, object, part, role, value)::text FROM fact
$$;

-- As in 0022, with the settings of the role.
CREATE OR REPLACE FUNCTION cutter_console.fn_schema_way() RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH own AS MATERIALIZED (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'v', 'S', 'm', 'f', 'p')
           AND (n.nspname IN ('cutter_governance', 'cutter_console') OR n.nspname = 'public' AND c.relname IN
               ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config',
                'iu_lifecycle_log_id_seq'))
    ), mighty AS MATERIALIZED (
        SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolsuper OR r.rolname = 'cutter_owner'
    ), fact (what, object, part, role, value) AS (
        SELECT 'function elsewhere',
               format('%s %I.%I(%s)',
                   CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
                   n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), '', '',
               format('%s of %I, sha256 %s', CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' ELSE 'function' END,
                   m.rolname, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'))
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN mighty m ON m.oid = p.proowner
         WHERE p.oid >= 16384 AND n.nspname NOT IN ('cutter_governance', 'cutter_console')
           AND NOT (n.nspname = 'public' AND p.proname LIKE 'fn\_iu\_%')
           AND (p.prosecdef OR m.rolname = 'cutter_owner' OR n.nspname = 'pg_catalog')
           AND NOT EXISTS (SELECT 1 FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 'relation elsewhere',
               CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'm' THEN 'MATERIALIZED VIEW'
                   WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END
               || format(' %I.%I', n.nspname, c.relname), '', '', format('of %I', m.rolname)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN mighty m ON m.oid = c.relowner
         WHERE c.oid >= 16384 AND c.relkind IN ('r', 'v', 'S', 'm', 'f', 'p') AND n.nspname <> 'pg_toast'
           AND c.relpersistence <> 't' AND c.oid NOT IN (SELECT oid FROM own)
           AND (m.rolname = 'cutter_owner'
                OR EXISTS (SELECT 1
                             FROM pg_rewrite w
                             JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                            WHERE w.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
                              AND d.refobjid IN (SELECT oid FROM own)))
        UNION ALL
        SELECT 'child table', format('TABLE %s', i.inhparent::regclass), i.inhrelid::regclass::text, '', 'inherits'
          FROM pg_inherits i WHERE i.inhparent IN (SELECT oid FROM own)
        UNION ALL
        SELECT 'foreign key', format('TABLE %s', t.tgrelid::regclass), quote_ident(c.conname), '',
               'not asked: ' || string_agg(quote_ident(t.tgname), ', ' ORDER BY t.tgname)
          FROM pg_trigger t JOIN pg_constraint c ON c.oid = t.tgconstraint
         WHERE t.tgisinternal AND t.tgenabled <> 'O' AND t.tgrelid IN (SELECT oid FROM own)
         GROUP BY t.tgrelid, c.conname
        UNION ALL
        SELECT 'view options', format('VIEW %s', c.oid::regclass), '', '', array_to_string(c.reloptions, ', ')
          FROM pg_class c WHERE c.oid IN (SELECT oid FROM own) AND c.relkind = 'v' AND c.reloptions IS NOT NULL
        UNION ALL
        SELECT 'setting', CASE WHEN s.setrole = 0 THEN CASE WHEN s.setdatabase = 0 THEN 'ROLE ALL' ELSE 'DATABASE' END
                               ELSE format('ROLE %I', pg_get_userbyid(s.setrole))
                                   || CASE WHEN s.setdatabase = 0 THEN '' ELSE ' IN DATABASE' END END,
               split_part(v, '=', 1), '', substr(v, strpos(v, '=') + 1)
          FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) v
         WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
           AND (s.setrole = 0
                OR pg_get_userbyid(s.setrole) IN
                   ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop'))
        UNION ALL
        SELECT 'grant', 'DATABASE', '',
               CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
               string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', '
                          ORDER BY x.privilege_type COLLATE "C", x.is_grantable)
          FROM pg_database b
          CROSS JOIN LATERAL (SELECT DISTINCT grantee, privilege_type, is_grantable
                                FROM aclexplode(coalesce(b.datacl, acldefault('d', b.datdba)))) x
         WHERE b.datname = current_database() AND x.grantee <> b.datdba GROUP BY x.grantee
    )
    SELECT jsonb_build_array(what, object, part, role, value)::text FROM fact;
    -- Privileges on parameters came with PostgreSQL 15.
    IF to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL THEN
        RETURN QUERY EXECUTE $parameter$
            SELECT jsonb_build_array('grant', 'PARAMETER ' || p.parname, '',
                       CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                       string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', '
                                  ORDER BY x.privilege_type COLLATE "C"))::text
              FROM pg_parameter_acl p CROSS JOIN LATERAL aclexplode(p.paracl) x
             WHERE NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.oid = x.grantee AND r.rolsuper)
             GROUP BY p.parname, x.grantee
        $parameter$;
    END IF;
END $$;
