"""Likenesses that vary: columns more and fewer, other types, an argument of the organisation's own type."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.site_mapping import SiteMapping, mapping_toml, parse_mapping
from console.backend.model.states import Family, Mode, Stage
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, MONITOR, Beside, installed_beside, theirs
from tests.support.fingerprint import fingerprint
from tests.support.passage import REQUEST, UNITS, Passage, silent, stages

_MORE_AND_FEWER = """
    SET ROLE directus;
    ALTER TABLE public.information_unit ADD COLUMN note text, ADD COLUMN rating integer NOT NULL DEFAULT 0, DROP COLUMN conformance_status,
        DROP COLUMN identity_profile, DROP COLUMN section_code;
    ALTER TABLE public.unit_version DROP COLUMN content_profile, DROP COLUMN previous_version_ref, DROP COLUMN review_state,
        ADD COLUMN language text NOT NULL DEFAULT 'en';
    SET ROLE workflow_admin;
    ALTER TABLE cutter_governance.manifest_envelope ADD COLUMN plan_digest varchar(64), ADD COLUMN serial bigserial, DROP COLUMN created_at;
    ALTER TABLE cutter_governance.manifest_unit_block DROP COLUMN body_digest, ADD COLUMN section_type text NOT NULL;
    DROP TABLE cutter_governance.decision_backlog_history, cutter_governance.decision_backlog_entry;
    ALTER TABLE cutter_governance.source_document_version_registry ADD COLUMN origin text GENERATED ALWAYS AS ('by ' || source_hash) STORED;
    ALTER TABLE cutter_governance.cut_change_set ADD COLUMN tenant text NOT NULL;
    CREATE FUNCTION cutter_governance.fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant := session_user; RETURN NEW; END';
    CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON cutter_governance.cut_change_set FOR EACH ROW EXECUTE FUNCTION cutter_governance.fill();
    RESET ROLE
"""
"""Among them one that is generated and has the name of one that is filled, and one that must be filled, by a trigger alone."""
_OTHER_TYPES = """
    SET ROLE directus;
    ALTER TABLE public.information_unit ADD COLUMN note text, ADD COLUMN rating integer NOT NULL DEFAULT 0, DROP COLUMN conformance_status,
        DROP COLUMN identity_profile, DROP COLUMN section_code;
    ALTER TABLE public.unit_version DROP COLUMN content_profile, DROP COLUMN previous_version_ref, ADD COLUMN language text NOT NULL DEFAULT 'en';
    CREATE DOMAIN public.kind AS text CHECK (VALUE <> '');
    DROP VIEW public.v_units_in_force;
    ALTER TABLE public.information_unit ALTER COLUMN canonical_address TYPE varchar(300), ALTER COLUMN unit_kind TYPE varchar(80),
        ALTER COLUMN section_type TYPE varchar(60);
    ALTER TABLE public.unit_version ALTER COLUMN title TYPE varchar(1000), ALTER COLUMN version_seq TYPE bigint;
    DO $do$ DECLARE definition text; BEGIN
        SELECT replace(pg_get_functiondef('public.fn_iu_create'::regproc), 'p_unit_kind text', 'p_unit_kind public.kind') INTO definition;
        DROP FUNCTION public.fn_iu_create;
        EXECUTE definition;
    END $do$;
    REVOKE EXECUTE ON FUNCTION public.fn_iu_create FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.fn_iu_create TO cutter_exec;
    SET ROLE workflow_admin;
    CREATE DOMAIN cutter_governance.verdict AS text CHECK (VALUE IN ('cut', 'enact', 'revert'));
    ALTER TABLE cutter_governance.review_decision ALTER verdict TYPE cutter_governance.verdict, ALTER decided_at TYPE timestamptz(0);
    ALTER TABLE cutter_governance.manifest_envelope ADD COLUMN plan_digest varchar(64), ADD COLUMN serial bigserial, DROP COLUMN created_at;
    ALTER TABLE cutter_governance.manifest_unit_block ALTER unit_local_id TYPE integer USING 0, ALTER body_digest TYPE character(64),
        ADD COLUMN section_type text NOT NULL;
    DROP TABLE cutter_governance.decision_backlog_history, cutter_governance.decision_backlog_entry;
    ALTER TABLE cutter_governance.source_document_version_registry ADD COLUMN origin text GENERATED ALWAYS AS ('by ' || source_hash) STORED;
    ALTER TABLE cutter_governance.cut_change_set ADD COLUMN tenant text NOT NULL;
    CREATE FUNCTION cutter_governance.fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant := session_user; RETURN NEW; END';
    CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON cutter_governance.cut_change_set FOR EACH ROW EXECUTE FUNCTION cutter_governance.fill();
    RESET ROLE
"""
"""With columns more and fewer besides, but for those whose type is another one here."""

_NEEDING_MORE = """
    SET ROLE directus;
    CREATE DOMAIN public.code AS text CHECK (VALUE <> '');
    CREATE TYPE public.conformity AS ENUM ('open', 'conform');
    CREATE FUNCTION public.fn_new_key() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
    ALTER TABLE public.information_unit ADD COLUMN conformity public.conformity NOT NULL DEFAULT 'open', ADD COLUMN key uuid DEFAULT public.fn_new_key(),
        ALTER doc_code TYPE public.code;
    ALTER TABLE public.unit_version ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY, ADD COLUMN raw json, ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
        ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED, ADD COLUMN "Länge in %" real DEFAULT 0.1;
    ALTER TABLE public.iu_lifecycle_log RENAME TO log_before;
    CREATE TABLE public.iu_lifecycle_log (LIKE public.log_before INCLUDING DEFAULTS) PARTITION BY RANGE (logged_at);
    CREATE TABLE public.log_until_2026 PARTITION OF public.iu_lifecycle_log FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    CREATE TABLE public.log_since_2026 PARTITION OF public.iu_lifecycle_log DEFAULT;
    INSERT INTO public.iu_lifecycle_log SELECT * FROM public.log_before;
    DROP TABLE public.log_before;
    GRANT SELECT ON public.iu_lifecycle_log TO cutter_ro, cutter_exec, cutter_verify;
    SET ROLE workflow_admin;
    CREATE TYPE cutter_governance.outcome AS ENUM ('PASS', 'FAIL');
    ALTER TABLE cutter_governance.verify_result ALTER outcome TYPE cutter_governance.outcome USING 'PASS';
    ALTER TABLE cutter_governance.source_document_registry ADD COLUMN two integer GENERATED ALWAYS AS (1 + 1) STORED;
    RESET ROLE
"""
"""Tables that a dump of them alone restores nowhere else: types, functions, parts, and a sequence are not in it."""
_STRICT = """
    GRANT USAGE ON SCHEMA cutter_governance TO directus;
    GRANT SELECT, REFERENCES ON cutter_governance.review_decision, cutter_governance.cut_change_set TO directus;
    SET ROLE directus;
    ALTER TABLE public.iu_lifecycle_log ADD FOREIGN KEY (review_decision_id) REFERENCES cutter_governance.review_decision,
        ADD FOREIGN KEY (change_set_id) REFERENCES cutter_governance.cut_change_set, ADD CHECK (change_set_id IS NOT NULL) NOT VALID;
    DO $do$ DECLARE definition text; BEGIN
        SELECT replace(regexp_replace(pg_get_functiondef('public.fn_iu_enact'::regproc), ' DEFAULT [^,)]+', '', 'g'), '    IF p_dry_run THEN',
            'IF NOT EXISTS (SELECT FROM cutter_governance.review_decision d WHERE d.review_decision_id = p_review_decision_id) THEN
                 RETURN jsonb_build_object(''status'', ''refused'', ''reason'', ''there is no such decision'');
             END IF;
             IF p_dry_run THEN') INTO definition;
        DROP FUNCTION public.fn_iu_enact;
        EXECUTE definition;
    END $do$;
    REVOKE EXECUTE ON FUNCTION public.fn_iu_enact FROM PUBLIC;
    RESET ROLE
"""
"""A function whose arguments have no defaults, and that looks the decision up, to which the log refers."""
_OWN_WORDS = """
    SET ROLE workflow_admin;
    ALTER TABLE cutter_governance.review_decision ADD CHECK (verdict IN ('approved', 'taken back'));
    ALTER TABLE cutter_governance.verify_result ADD CHECK (outcome IN ('ok', 'not ok'));
    ALTER TABLE cutter_governance.decision_backlog_history ADD COLUMN state text,
        ADD CHECK (state IS NOT NULL AND state IN ('to do', 'settled', 'dropped'));
    RESET ROLE
"""
_WORDS = {
    "verdict": {"cut": "approved", "enact": "approved", "revert": "taken back"},
    "outcome": {"PASS": "ok", "FAIL": "not ok"},
    "status": {"open": "to do", "done": "settled", "withdrawn": "dropped"},
}
_UNQUALIFIED = """
    DO $do$ DECLARE f record; BEGIN
        FOR f IN SELECT p.oid FROM pg_proc p WHERE p.proowner = 'directus'::regrole LOOP
            EXECUTE replace(replace(replace(pg_get_functiondef(f.oid), 'public.', ''), 'FUNCTION fn_', 'FUNCTION public.fn_'),
                            'SET search_path TO ''pg_catalog'', ''public'', ''pg_temp''', '');
        END LOOP;
    END $do$;
    SET ROLE workflow_admin;
    CREATE TABLE cutter_governance.seen (who text);
    CREATE FUNCTION cutter_governance.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN INSERT INTO seen VALUES (NEW.verdict); RETURN NULL; END';
    CREATE TRIGGER note AFTER INSERT ON cutter_governance.review_decision FOR EACH ROW EXECUTE FUNCTION cutter_governance.note();
    RESET ROLE
"""
"""Functions and triggers that name their tables without a schema, and do not pin where these are looked for."""
_FAR_TYPES = """
    CREATE SCHEMA "kept %% apart";
    CREATE DOMAIN "kept %% apart".address AS text CHECK (VALUE <> '');
    CREATE DOMAIN "kept %% apart".key AS uuid;
    CREATE DOMAIN "kept %% apart".own_key AS "kept %% apart".key CHECK (VALUE IS NOT NULL);
    CREATE DOMAIN "kept %% apart".digest AS varchar(64) CHECK (length(VALUE) = 64);
    CREATE DOMAIN "kept %% apart".rank AS integer DEFAULT 7 NOT NULL;
    GRANT USAGE ON SCHEMA "kept %% apart" TO directus, workflow_admin;
    SET ROLE directus;
    DO $do$ DECLARE definition text; BEGIN
        SELECT replace(pg_get_functiondef('public.fn_iu_create'::regproc), 'p_address text', 'p_address "kept %% apart".address') INTO definition;
        DROP FUNCTION public.fn_iu_create;
        EXECUTE definition;
    END $do$;
    REVOKE EXECUTE ON FUNCTION public.fn_iu_create FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.fn_iu_create TO cutter_exec;
    SET ROLE workflow_admin;
    DROP TABLE cutter_governance.manifest_unit_block;
    CREATE TABLE cutter_governance.manifest_unit_block (
        envelope_id "kept %% apart".key NOT NULL REFERENCES cutter_governance.manifest_envelope, unit_local_id text NOT NULL,
        canonical_address text NOT NULL, body_digest "kept %% apart".digest NOT NULL, rank "kept %% apart".rank, PRIMARY KEY (envelope_id, unit_local_id)
    ) PARTITION BY HASH (envelope_id);
    CREATE TABLE cutter_governance."Block 0" PARTITION OF cutter_governance.manifest_unit_block FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE cutter_governance."Block 1" PARTITION OF cutter_governance.manifest_unit_block FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    GRANT SELECT ON cutter_governance.manifest_unit_block, cutter_governance."Block 0", cutter_governance."Block 1" TO cutter_ro;
    ALTER TABLE cutter_governance.manifest_envelope ALTER envelope_id TYPE "kept %% apart".key, ALTER manifest_digest TYPE "kept %% apart".digest;
    ALTER TABLE cutter_governance.cut_change_set ALTER change_set_id TYPE "kept %% apart".own_key, ALTER envelope_id TYPE "kept %% apart".key;
    ALTER TABLE cutter_governance.cut_change_set_affected_row ALTER unit_id TYPE "kept %% apart".key;
    ALTER TABLE cutter_governance.dot_pair_signature ALTER signature_id TYPE "kept %% apart".key;
    ALTER TABLE cutter_governance.verify_result ALTER verify_result_id TYPE "kept %% apart".key, ALTER verified_by TYPE varchar(80);
    RESET ROLE
""".replace("%%", "%")
"""Domains over keys and texts in a schema that is open to nobody of the console, and a table whose parts stand beside it."""
_POLICIES = """
    CREATE SCHEMA app;
    GRANT USAGE, CREATE ON SCHEMA app TO directus, workflow_admin;
    SET ROLE directus;
    CREATE TABLE app.audit (of text, what text);
    ALTER TABLE app.audit ENABLE ROW LEVEL SECURITY;
    ALTER TABLE app.audit FORCE ROW LEVEL SECURITY;
    CREATE POLICY only_theirs ON app.audit USING (CURRENT_USER = 'directus') WITH CHECK (CURRENT_USER = 'directus');
    CREATE FUNCTION app.noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN INSERT INTO app.audit SELECT TG_TABLE_NAME, TG_NAME WHERE (SELECT count(*) FROM app.audit) >= 0; RETURN NULL; END $$;
    CREATE TRIGGER noted AFTER INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION app.noted();
    CREATE TRIGGER noted AFTER INSERT ON public.iu_lifecycle_log FOR EACH ROW EXECUTE FUNCTION app.noted();
    CREATE CONSTRAINT TRIGGER noted_late AFTER INSERT ON public.unit_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.noted();
    GRANT EXECUTE ON FUNCTION app.noted() TO workflow_admin;
    SET ROLE workflow_admin;
    CREATE TRIGGER noted AFTER INSERT ON cutter_governance.manifest_envelope FOR EACH ROW EXECUTE FUNCTION app.noted();
    RESET ROLE
"""
"""An audit with row security that also its owner is bound by: what writes there is called by everybody else with policies in force."""
_GUARDED = """
    CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.fn_iu_gateway_write_guard();
    CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.fn_iu_gateway_write_guard();
    CREATE TRIGGER gate BEFORE INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.fn_iu_birth_gate_address();
    CREATE CONSTRAINT TRIGGER late_gate AFTER INSERT ON public.information_unit DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.fn_iu_birth_gate_content();
    CREATE TRIGGER immutable BEFORE UPDATE ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.fn_uv_immutable();
    CREATE TRIGGER immutable BEFORE UPDATE ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.fn_iu_immutable();
"""
_IN_PARTS = f"""
    SET ROLE directus;
    SELECT set_config('iu.gateway', 'open', false);
    DROP VIEW public.v_units_in_force;
    ALTER TABLE public.information_unit RENAME TO units_before;
    ALTER TABLE public.unit_version RENAME TO versions_before;
    CREATE TABLE public.information_unit (LIKE public.units_before INCLUDING DEFAULTS, PRIMARY KEY (id, lifecycle_status)) PARTITION BY LIST (lifecycle_status);
    CREATE TABLE public.drafts PARTITION OF public.information_unit FOR VALUES IN ('draft');
    CREATE TABLE public.other_units PARTITION OF public.information_unit DEFAULT;
    CREATE TABLE public.unit_version (LIKE public.versions_before INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY HASH (id);
    CREATE TABLE public."Version 0" PARTITION OF public.unit_version FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public."Version 1" PARTITION OF public.unit_version FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO public.information_unit SELECT * FROM public.units_before;
    INSERT INTO public.unit_version SELECT * FROM public.versions_before;
    CREATE INDEX ON public.information_unit (canonical_address);
    CREATE INDEX ON public.unit_version (unit_id);
    DROP TABLE public.units_before, public.versions_before CASCADE;
    GRANT SELECT ON public.information_unit, public.unit_version TO cutter_ro, cutter_exec, cutter_verify, workflow_admin;
    {_GUARDED}
    SELECT set_config('iu.gateway', '', false);
    RESET ROLE
"""
"""Units whose enactment moves them into another part, and versions in parts by a hash, with triggers that each part has."""
_RULES = """
    SET ROLE directus;
    CREATE TABLE public.heard (what text, id uuid);
    CREATE RULE heard AS ON INSERT TO public.information_unit DO ALSO INSERT INTO public.heard VALUES ('unit', NEW.id);
    CREATE RULE heard AS ON UPDATE TO public.unit_version DO ALSO INSERT INTO public.heard VALUES ('version', NEW.id);
    CREATE RULE heard AS ON INSERT TO public.iu_lifecycle_log DO ALSO NOTIFY units;
    CREATE RULE never AS ON DELETE TO public.information_unit DO INSTEAD NOTHING;
    ALTER TABLE public.unit_version DROP COLUMN content_hash, ADD COLUMN content_hash text GENERATED ALWAYS AS (md5(body)) STORED,
        ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED, ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
    ALTER TABLE public.information_unit DROP COLUMN doc_code,
        ADD COLUMN doc_code text GENERATED ALWAYS AS (split_part(canonical_address, '/', 1)) STORED;
    ALTER TABLE public.iu_lifecycle_log ADD COLUMN step text GENERATED ALWAYS AS (coalesce(from_status, '') || '>' || to_status) STORED;
    DO $do$ DECLARE d text := pg_get_functiondef('public.fn_iu_create'::regproc); BEGIN
        d := replace(d, ', content_anchor_ref, doc_code)', ', content_anchor_ref)');
        d := replace(d, 'v_version::text, split_part(p_address, ''/'', 1))', 'v_version::text)');
        d := replace(d, 'body, content_hash, created_by)', 'body, created_by)');
        EXECUTE replace(d, 'p_body, encode(sha256(convert_to(p_body, ''UTF8'')), ''hex''), p_actor)', 'p_body, p_actor)');
    END $do$;
    RESET ROLE
"""
"""Rules that write beside, tell, and keep from deleting; columns that the tables fill themselves, the hash of a text among them."""
_VARIATIONS = {
    "units in parts": _IN_PARTS,
    "rules and generated columns": _RULES,
    "an audit with row security": _POLICIES,
    "columns more and fewer": _MORE_AND_FEWER,
    "other types": _OTHER_TYPES,
    "more than the tables": _NEEDING_MORE,
    "types kept apart": _FAR_TYPES,
    "strict functions": _STRICT,
    "words of their own": _OWN_WORDS,
    "names and words of their own": f"{_UNQUALIFIED}; {_OWN_WORDS}",
}


def _in_their_words(mapping: SiteMapping) -> SiteMapping:
    """Return the mapping with the organisation's words; it is written and read as a person's file is."""
    toml = mapping_toml(mapping)
    history = 'table = "cutter_governance.decision_backlog_history"\ncolumns = [\n'
    assert history in toml
    # Its name tells nothing: such a column is written in by hand.
    toml = toml.replace(history, f'{history}    {{ column = "state", type = "text", source = "status" }},\n')
    for source, words in _WORDS.items():
        values = ", ".join(f'{own} = "{theirs}"' for own, theirs in words.items())
        toml = toml.replace(f'source = "{source}" }}', f'source = "{source}", values = {{ {values} }} }}')
    return parse_mapping("site-mapping.toml", toml.encode())


def _looking_in_both(mapping: SiteMapping) -> SiteMapping:
    """Return the mapping with another schema in its path, whose triggers do not name theirs either, and one table fewer that is counted."""
    path = (*mapping.functions.search_path, "cutter_governance")
    functions = mapping.functions.model_copy(update={"search_path": path})
    ledger = tuple(table for table in mapping.ledger if table != "cutter_governance.seen")
    return mapping.model_copy(update={"functions": functions, "ledger": ledger})


@pytest.fixture(params=_VARIATIONS)
def varied(request: pytest.FixtureRequest, beside: Beside) -> Iterator[Passage]:
    """A passage on a likeness that was varied before anything was installed, tied to its functions."""
    mapping, before = installed_beside(beside.cluster, "varied", _VARIATIONS[request.param])
    if _UNQUALIFIED in _VARIATIONS[request.param]:
        mapping = _looking_in_both(mapping)
    if _OWN_WORDS in _VARIATIONS[request.param]:
        mapping = _in_their_words(mapping)
        assert parse_mapping("again", mapping_toml(mapping).encode()) == mapping
    assert fingerprint(Database(beside.cluster, "varied")).calls == before.calls
    with stages(beside.cluster, "varied", MONITOR) as walked:
        yield tie(walked.at("fresh"), mapping)


def _with_ruling(passage: Passage) -> Passage:
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    passage.sign()
    return passage


@pytest.mark.longest
def test_a_likeness_that_varies_is_cut_and_enacted_too(varied: Passage) -> None:
    varied = _with_ruling(varied)
    varied.arm()
    varied.resume()

    assert theirs(varied) == AFTER_CUT
    assert varied.rows("SELECT count(*) FROM cutter_governance.manifest_unit_block") == [(UNITS,)]
    assert all(check.outcome is Outcome.PASS for check in varied.backend.verify(varied.run_id))
    varied.sign()
    assert varied.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert theirs(varied) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}


@pytest.mark.parametrize("varied", ["strict functions"], indirect=True)
def test_what_strict_functions_made_is_probed_and_taken_back(varied: Passage) -> None:
    """A probe is rolled back, and its leg B was recorded by no effect: it refers to a decision of its own all the same."""
    (before,) = varied.backend.gates(("G4",)).gates
    varied = _with_ruling(varied)
    varied.arm()
    varied.resume()
    (drafted,) = varied.backend.gates(("G4",)).gates
    assert [check.detail for gate in (before, drafted) for check in gate.checks if check.outcome is Outcome.FAIL] == []

    assert varied.backend.revert(varied.run_id, varied.run_id).state.family is Family.REVERTED
    assert theirs(varied) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    assert varied.rows("SELECT step FROM cutter_console.site_decision") == [("revert",)]
