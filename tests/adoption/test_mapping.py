"""The site mapping: proposed from the catalogue and the rows, kept on the host, obeyed by every reader, and never guessed."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import UsageError
from console.backend.model.site_governance import Filled, Source
from console.backend.model.site_mapping import (
    Column,
    Refers,
    SiteMapping,
    UnitTable,
    VersionTable,
    mapping_toml,
    parse_mapping,
)
from console.backend.postgres.connections import connect
from console.backend.postgres.site_catalogue import read_catalogue
from console.backend.postgres.site_governance import governance_faults
from tests.adoption.conftest import Adopted
from tests.support.fingerprint import fingerprint

TEXT_KEYS = """
    DROP VIEW v_units_in_force;
    ALTER TABLE information_unit DROP CONSTRAINT information_unit_parent_or_container_ref_fkey,
          DROP CONSTRAINT information_unit_version_anchor_fkey;
    ALTER TABLE information_unit ALTER parent_or_container_ref TYPE text, ALTER version_anchor_ref TYPE text
"""
ADDRESS_OF_PARENT = f"""
    {TEXT_KEYS};
    SELECT set_config('iu.gateway', 'open', false);
    UPDATE information_unit u SET parent_or_container_ref = 'LIB-RULES' WHERE parent_or_container_ref IS NOT NULL;
    SELECT set_config('iu.gateway', '', false)
"""


def _kept(adopted: Adopted) -> SiteMapping:
    """Have the mapping proposed, and keep it where the installation looks for it."""
    path = adopted.installation.site_mapping
    status, _, said = adopted.command("adopt", "inspect", "--out", str(path))
    assert status == 0, said
    return parse_mapping(str(path), path.read_bytes())


def test_the_proposal_names_tables_columns_types_and_functions_and_what_it_cannot_map(adopted: Adopted) -> None:
    mapping = _kept(adopted)

    assert mapping.units.table == "public.information_unit"
    assert mapping.units.parent is not None
    assert mapping.units.content is not None
    assert (mapping.units.parent.type, mapping.units.parent.refers_to) == ("uuid", Refers.UNIT_ID)
    assert (mapping.units.content.type, mapping.units.content.refers_to) == ("text", Refers.VERSION_ID)
    assert len(mapping.ledger) == 12
    assert mapping.functions.create.startswith(
        "public.fn_iu_create(p_address text, p_title text, p_body text, p_actor text"
    )
    status, answer = adopted.json("adopt", "inspect")
    listed = {row["subject"]: row["reason"] for row in answer["unmapped"]}  # type: ignore[attr-defined]
    assert (status, answer["outcome"]) == (0, "PARTIAL")
    assert "created_by, updated_by" in listed["public.information_unit"]
    assert "trg_aa_iu_gateway_write_guard" in listed["trigger trg_aa_iu_gateway_write_guard on public.information_unit"]
    assert "owns 5 tables" in listed["owner directus"]
    assert "owns 12 tables" in listed["owner workflow_admin"]
    kinds = [row["reason"] for row in answer["unmapped"] if row["subject"] == "vocabulary"]  # type: ignore[attr-defined]
    assert any("design_doc_section" in kind for kind in kinds)
    assert any("document_unit" in kind for kind in kinds)


def test_a_column_that_is_generated_or_that_a_trigger_fills_is_given_no_value(adopted: Adopted) -> None:
    """One of the twelve tables with such a column kept the whole section from being proposed."""
    adopted.execute(
        "ALTER TABLE cutter_governance.source_document_version_registry ADD COLUMN origin text GENERATED ALWAYS AS (lower(source_hash)) STORED;"
        " ALTER TABLE cutter_governance.cut_change_set ADD COLUMN tenant text NOT NULL;"
        " CREATE FUNCTION cutter_governance.fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant := session_user; RETURN NEW; END';"
        " CREATE TRIGGER fill BEFORE UPDATE OR INSERT ON cutter_governance.cut_change_set FOR EACH ROW EXECUTE FUNCTION cutter_governance.fill()"
    )

    mapping = _kept(adopted)

    governance = mapping.governance
    assert governance is not None
    assert governance.document_version is not None
    version, change_set = governance.document_version, governance.change_set
    assert ("origin" in {column.column for column in version.columns}, change_set.by_trigger) == (False, ("tenant",))
    given = Filled(column="origin", type="text", source=Source.ORIGIN)
    by_hand = {
        "document_version": version.model_copy(update={"columns": (*version.columns, given)}),
        "change_set": change_set.model_copy(update={"by_trigger": ()}),
    }
    with connect(adopted.installation.settings.database.monitor, read_only=True) as session:
        catalogue = read_catalogue(session, mapping.tables)
    assert governance_faults(catalogue, mapping) == ()
    wrong = mapping.model_copy(update={"governance": governance.model_copy(update=by_hand)})
    assert governance_faults(catalogue, wrong) == (
        "governance.document_version: cutter_governance.source_document_version_registry.origin is generated, and takes no value",
        "governance.change_set: cutter_governance.cut_change_set must be given tenant",
    )


def test_a_domain_holds_what_the_type_beneath_it_does_and_may_want_a_value(adopted: Adopted) -> None:
    """A key of a domain over uuid was called one that can hold no key, and nothing was proposed."""
    adopted.execute(
        "SET ROLE workflow_admin; CREATE DOMAIN cutter_governance.key AS uuid; CREATE DOMAIN cutter_governance.own_key AS cutter_governance.key NOT NULL;"
        " ALTER TABLE cutter_governance.dot_pair_signature ALTER signature_id TYPE cutter_governance.own_key;"
        " CREATE DOMAIN cutter_governance.rank AS integer NOT NULL; CREATE DOMAIN cutter_governance.place AS integer DEFAULT 1 NOT NULL;"
        " ALTER TABLE cutter_governance.verify_result ADD COLUMN place cutter_governance.place"
    )
    mapping = _kept(adopted)
    governance = mapping.governance
    assert governance is not None
    key = Filled(column="signature_id", type="cutter_governance.own_key", source=Source.SIGNATURE_ID)
    assert key in governance.signature.columns

    adopted.execute("ALTER TABLE cutter_governance.verify_result ADD COLUMN rank cutter_governance.rank")
    with connect(adopted.installation.settings.database.monitor, read_only=True) as session:
        faults = governance_faults(read_catalogue(session, mapping.tables), mapping)
    assert faults == ("governance.verification: cutter_governance.verify_result must be given rank",)


def test_a_part_of_a_table_is_no_table_of_its_own(adopted: Adopted) -> None:
    """It was counted beside the whole, and gained rows that nobody had planned."""
    adopted.execute(
        "SET ROLE workflow_admin; CREATE TABLE cutter_governance.notes (n integer NOT NULL) PARTITION BY LIST (n);"
        " CREATE TABLE cutter_governance.notes_1 PARTITION OF cutter_governance.notes DEFAULT; GRANT SELECT ON cutter_governance.notes TO cutter_ro"
    )

    assert len(_kept(adopted).ledger) == 13
    _, answer = adopted.json("adopt", "inspect")
    assert "cutter_governance.notes_1" not in str(answer)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source.VERDICT, {"cut": "approved", "enact": "approved", "revert": "taken back"}),
        (Source.OUTCOME, {"PASS": "ok", "FAIL": "not ok"}),
        (Source.STATUS, {"open": "to do", "done": "settled", "withdrawn": "dropped"}),
    ],
)
def test_an_organisation_may_have_words_of_its_own_for_each_word_of_the_console_s(
    source: Source, words: dict[str, str]
) -> None:
    assert Filled(column="state", type="text", source=source, values=words).values == words
    with pytest.raises(ValueError, match="is never else"):
        Filled(column="state", type="text", source=source, values={"else": "other"})


def test_a_rule_of_a_mapped_table_is_listed_as_its_triggers_are(adopted: Adopted) -> None:
    adopted.execute("CREATE RULE noted AS ON INSERT TO iu_lifecycle_log DO ALSO NOTIFY units")

    _, answer = adopted.json("adopt", "inspect")

    listed = {row["subject"]: row["reason"] for row in answer["unmapped"]}  # type: ignore[attr-defined]
    assert "ON INSERT TO public.iu_lifecycle_log DO NOTIFY units" in listed["rule noted on public.iu_lifecycle_log"]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ("SELECT", ("public",)),
        (
            'ALTER DATABASE {0} SET search_path = app, "Other Schema", public, nowhere',
            ("app", "Other Schema", "public"),
        ),
        ("ALTER ROLE watcher IN DATABASE {0} SET search_path = app", ("public",)),
        ("ALTER DATABASE {0} SET search_path = ''", ()),
    ],
    ids=["as PostgreSQL has it", "of the database", "of the monitoring role alone", "none"],
)
def test_the_search_path_is_proposed_as_sessions_of_the_database_begin(
    adopted: Adopted, settings: str, path: tuple[str, ...]
) -> None:
    """Functions that do not pin theirs find their tables so; what the monitoring role begins with says nothing of them."""
    adopted.execute('CREATE SCHEMA app; CREATE SCHEMA "Other Schema"')
    adopted.execute(settings.format(f'"{adopted.database.name}"'))

    mapping = _kept(adopted)

    assert mapping.functions.search_path == path
    assert parse_mapping("again", mapping_toml(mapping).encode()) == mapping


def test_a_kept_mapping_is_what_is_read_by(adopted: Adopted) -> None:
    mapping = _kept(adopted)
    path = adopted.installation.site_mapping
    units = mapping.units.model_copy(update={"kind": None, "number": mapping.units.section_type})
    path.write_text(mapping_toml(mapping.model_copy(update={"units": units, "ledger": (), "governance": None})))

    _, page = adopted.json("unit", "list")

    assert page["units"][1]["unit_kind"] is None  # type: ignore[index]
    assert page["units"][1]["number"] == "article"  # type: ignore[index]
    assert page["not_measured"][0]["subject"] == "kind"  # type: ignore[index]
    assert len(adopted.json("counts")[1]["counts"]) == 5  # type: ignore[arg-type]
    assert str(path) in str(adopted.json("status")[1]["layout"])


def test_a_change_of_the_kept_mapping_is_a_drift_of_the_pinned_inventory(adopted: Adopted) -> None:
    mapping = _kept(adopted)
    assert adopted.command("init", "--pin")[0] == 0
    assert adopted.command("drift")[0] == 0

    adopted.installation.site_mapping.write_text(mapping_toml(mapping.model_copy(update={"log": None})))

    status, answer = adopted.json("drift")
    assert status == 5
    assert [row["what"] for row in answer["differences"]] == ["site mapping"]  # type: ignore[attr-defined]


def test_a_mapping_is_the_same_after_it_was_written_and_read() -> None:
    strange = Column(column='a "b" \\ \n é', type="character varying(3)")
    mapping = SiteMapping(
        units=UnitTable(table="public.information unit", id=strange, address=strange),
        versions=VersionTable(table="s.v", id=strange, unit=strange),
        ledger=('q."t"', "r.s"),
    )

    assert parse_mapping("mapping", mapping_toml(mapping).encode()) == mapping


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("version = ", "at end of document"),
        ("version = 2\n", "version"),
        ("[units]\ntable = 'x'\n", "units.table"),
        ("[units]\ntable = 'public.u'\nid = {column = 'id', type = 'uuid'}\n", "units.address"),
        (
            "strange = 1\n[units]\ntable='public.u'\nid={column='a',type='b'}\naddress={column='a',type='b'}\n",
            "strange",
        ),
        ("\xff", "is not UTF-8 in line 1"),
    ],
)
def test_a_bad_mapping_is_refused_by_line_or_key(text: str, named: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_mapping("site-mapping.toml", text.encode("latin-1"))

    assert named in refused.value.message
    assert "adopt inspect" in refused.value.next_action


def test_a_bad_mapping_on_the_host_stops_no_command_with_a_traceback(adopted: Adopted) -> None:
    adopted.installation.site_mapping.write_text("version = ")

    status, _, said = adopted.command("unit", "list")
    assert (status, "site-mapping.toml" in said, "Traceback" in said) == (2, True, False)
    status, answer = adopted.json("status")
    assert (status, answer["outcome"]) == (7, "INCONCLUSIVE")
    assert "site-mapping.toml" in str(answer["unreachable"])


VARIATIONS: dict[str, tuple[str, set[str]]] = {
    "no number": ("ALTER TABLE information_unit DROP COLUMN section_code", {"number"}),
    "no document and no section type": (
        "ALTER TABLE information_unit DROP COLUMN doc_code, DROP COLUMN section_type",
        {"section type"},
    ),
    "no deletion": ("ALTER TABLE information_unit DROP COLUMN deleted_at CASCADE", {"deletion"}),
    "no title": ("ALTER TABLE unit_version DROP COLUMN title CASCADE", {"title"}),
    "no parent": ("ALTER TABLE information_unit DROP COLUMN parent_or_container_ref", {"parent"}),
    "a column more": ("ALTER TABLE information_unit ADD COLUMN more text NOT NULL DEFAULT 'x'", set()),
    "other types": (
        "ALTER TABLE unit_version ALTER version_seq TYPE bigint, ALTER content_hash TYPE varchar(64)",
        set(),
    ),
    "references as text": (TEXT_KEYS, set()),
    "the address of the parent": (ADDRESS_OF_PARENT, set()),
    "no log": ("DROP TABLE iu_lifecycle_log", set()),
    "no versions": (
        "DROP VIEW v_units_in_force; ALTER TABLE unit_version RENAME TO unit_version_old",
        {"title and body"},
    ),
    "no anchor": ("ALTER TABLE information_unit DROP COLUMN version_anchor_ref CASCADE", {"title and body"}),
}


@pytest.mark.parametrize(("change", "missing"), VARIATIONS.values(), ids=VARIATIONS)
def test_columns_more_columns_less_and_other_types_are_reasons_and_no_errors(
    adopted: Adopted, change: str, missing: set[str]
) -> None:
    adopted.execute(change)
    before = fingerprint(adopted.database)

    status, page = adopted.json("unit", "list")

    assert status == 0, page
    assert len(page["units"]) == 158  # type: ignore[arg-type]
    assert {row["subject"] for row in page["not_measured"]} == missing  # type: ignore[attr-defined]
    unit = page["units"][1]  # type: ignore[index]
    assert unit["parent"] == (None if "parent" in missing else "LIB-RULES")
    assert unit["title"] == (None if missing & {"title", "title and body"} else "Rule 2")
    status, shown = adopted.json("unit", "show", "LIB-RULES/S001")
    assert (status, shown["problems"]) == (0, [])
    status, answer = adopted.json("status")
    assert (status, answer["outcome"]) == (0, "PARTIAL")
    for words in (("counts",), ("adopt", "inspect"), ("gates", "G1", "G8"), ("init", "--pin"), ("drift",)):
        status, out, said = adopted.command(*words)
        assert "Traceback" not in out + said, words
        assert "defect" not in out + said, words
    assert fingerprint(adopted.database) == before


def test_what_the_role_may_not_read_is_inconclusive_and_never_a_number(adopted: Adopted) -> None:
    adopted.execute(
        "REVOKE SELECT ON iu_lifecycle_log FROM cutter_ro; REVOKE USAGE ON SCHEMA cutter_governance FROM cutter_ro;"
        " REVOKE SELECT ON unit_version FROM cutter_ro; GRANT SELECT (id, unit_id, version_seq, title) ON unit_version TO cutter_ro"
    )

    status, answer = adopted.json("counts")

    rows = {row["table"]: (row["rows"], row["outcome"]) for row in answer["counts"]}  # type: ignore[attr-defined]
    assert (status, answer["outcome"]) == (7, "INCONCLUSIVE")
    assert rows["public.information_unit"] == (158, "PASS")
    assert rows["public.unit_version"] == (165, "PASS"), "one readable column is enough to count rows"
    assert rows["public.iu_lifecycle_log"] == (None, "INCONCLUSIVE")
    assert rows["cutter_governance.verify_result"] == (None, "INCONCLUSIVE")
    detail = next(row["detail"] for row in answer["counts"] if row["table"] == "public.iu_lifecycle_log")  # type: ignore[attr-defined]
    assert "42501" in detail
    assert 'GRANT SELECT ON "public"."iu_lifecycle_log" TO "watcher"' in detail
    status, unit = adopted.json("unit", "show", "LIB-RULES/S001")
    assert (status, unit["title"], unit["body"]) == (0, "Rule 2", None)
    assert any(row["subject"] == "public.unit_version.body" for row in unit["not_measured"])  # type: ignore[attr-defined]


def test_rows_that_row_security_may_hide_are_not_counted(adopted: Adopted) -> None:
    adopted.execute(
        "ALTER TABLE information_unit ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY a_part ON information_unit FOR SELECT TO cutter_ro USING (lifecycle_status = 'enacted')"
    )

    _, answer = adopted.json("counts")

    row = next(row for row in answer["counts"] if row["table"] == "public.information_unit")  # type: ignore[attr-defined]
    assert (row["rows"], row["outcome"]) == (None, "INCONCLUSIVE")
    assert "row security" in row["detail"]
    status, _, said = adopted.command("unit", "list")
    assert (status, "row security" in said) == (7, True)
    adopted.execute("CREATE POLICY all_of_them ON information_unit FOR SELECT USING (true)")
    assert adopted.command("unit", "list")[0] == 7, "a policy may show fewer tomorrow"
    action = adopted.command("unit", "list")[2].partition("As a superuser: ")[2].splitlines()[0]
    assert action == 'ALTER ROLE "watcher" BYPASSRLS'
    adopted.execute(action)
    try:
        assert adopted.command("unit", "list")[0] == 0
    finally:
        adopted.execute("ALTER ROLE watcher NOBYPASSRLS")


def test_a_column_with_another_type_than_the_kept_mapping_has_is_named(adopted: Adopted) -> None:
    _kept(adopted)
    adopted.execute("ALTER TABLE unit_version ALTER version_seq TYPE bigint")

    _, unit = adopted.json("unit", "show", "LIB-RULES/S001")

    reasons = {row["subject"]: row["reason"] for row in unit["not_measured"]}  # type: ignore[attr-defined]
    assert unit["version_seq"] is None
    assert reasons["public.unit_version.version_seq"] == "it is bigint, mapped as integer"


def test_a_unit_that_contradicts_itself_is_shown_with_its_problems(adopted: Adopted) -> None:
    adopted.execute(
        "ALTER TABLE information_unit DISABLE TRIGGER USER; ALTER TABLE unit_version DISABLE TRIGGER USER;"
        " UPDATE information_unit SET content_anchor_ref = 'nowhere' WHERE canonical_address = 'LIB-RULES/S001';"
        " UPDATE unit_version SET body = 'Another text.' WHERE id = md5('version 3')::uuid"
    )

    _, first = adopted.json("unit", "show", "LIB-RULES/S001")
    _, second = adopted.json("unit", "show", "LIB-RULES/S002")

    assert "its content anchor is nowhere" in str(first["problems"])
    assert "is not the body's sha256" in str(second["problems"])
    adopted.execute("UPDATE information_unit SET content_anchor_ref = 'nowhere'")
    _, first = adopted.json("unit", "show", "LIB-RULES/S001")
    assert first["problems"] == [], "what the column contains is not known, so nothing contradicts it"


def test_several_tables_of_units_are_not_chosen_among_by_guess(adopted: Adopted) -> None:
    adopted.execute(
        "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.information_unit (); CREATE TABLE b.information_unit ();"
        " DROP VIEW v_units_in_force; ALTER TABLE public.information_unit RENAME TO units"
    )

    status, answer = adopted.json("adopt", "inspect")

    assert (status, answer["mapping"], answer["outcome"]) == (7, None, "INCONCLUSIVE")
    assert "several tables information_unit: a.information_unit, b.information_unit" in str(answer["unmapped"])
    assert adopted.json("status")[1]["outcome"] == "INCONCLUSIVE"


def test_words_are_given_only_for_words_of_this_program() -> None:
    words = {"cut": "approved"}
    assert Filled(column="a", type="text", source=Source.VERDICT, values=words).values == words
    for source, values in ((Source.VERDICT, {"PASS": "ok"}), (Source.TITLE, {"a": "b"})):
        with pytest.raises(ValueError, match=r"values: .* is never"):
            Filled(column="a", type="text", source=source, values=values)


def test_a_database_of_this_products_own_is_not_inspected(
    at: Callable[[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    from console.cli.main import main

    root = passage.installation.root  # type: ignore[attr-defined]
    assert main(["--root", str(root), "adopt", "inspect"]) == 4
    assert "there is nothing to adopt" in capsys.readouterr().err
    assert main(["--root", str(root), "unit", "list"]) == 0


def test_what_is_in_the_way_of_reading_alone_is_named(adopted: Adopted) -> None:
    adopted.execute("GRANT EXECUTE ON FUNCTION fn_iu_create TO cutter_ro; GRANT INSERT ON dot_config TO watcher")

    with pytest.raises(
        Exception, match=r"2 privileges to write: EXECUTE on public.fn_iu_create.*INSERT on public.dot_config"
    ):
        adopted.backend.require_read_only_role()


def test_what_everybody_may_execute_is_told_and_keeps_no_console_closed(adopted: Adopted) -> None:
    adopted.execute("GRANT EXECUTE ON FUNCTION fn_iu_create TO PUBLIC")

    adopted.backend.require_read_only_role()

    reasons = {row.subject: row.reason for row in adopted.backend.status().not_measured}
    assert "everybody may execute public.fn_iu_create" in reasons["rights"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE cutter_governance.verify_result ADD COLUMN seal text NOT NULL", "seal (text, nothing tells"),
        (
            "DROP TABLE cutter_governance.manifest_unit_block; CREATE TABLE cutter_governance.manifest_unit_block"
            " (envelope_id bigint NOT NULL, canonical_address text NOT NULL)",
            "envelope_id (bigint cannot hold the envelope id)",
        ),
    ],
    ids=["a column that nothing fills", "a key of another kind"],
)
def test_governance_tables_that_cannot_be_filled_are_refused_by_name(adopted: Adopted, change: str, said: str) -> None:
    assert _kept(adopted).governance is not None
    adopted.execute(change)

    answer = adopted.json("adopt", "inspect")[1]

    assert answer["mapping"]["governance"] is None  # type: ignore[index]
    reasons = {row["subject"]: row["reason"] for row in answer["unmapped"]}  # type: ignore[attr-defined]
    assert any(said in reason for reason in reasons.values()), reasons
    assert "no governance row of a run is written there" in reasons["governance"]
