"""A database of many enacted documents, multiplied from one that went the whole way through the console.

The rows are copied as a superuser with the guards asleep, and then hold what the guards would have made of them: manifests with
their digests, decisions, uses in transactions of their own, logs, change sets, events. Two things cannot be copied: the signatures
stand under the statement of the first document, which gate G8 sees, and the journals are said to be on another host.
"""

from dataclasses import dataclass

import psycopg

from tests.support.passage import DOCPREFIX, Passage

UNITS_A_DOCUMENT = 500
_SENTENCES = (
    "The authority decides within three months of the application.",
    "A decision is given in writing, with its reasons, and names the remedy that is open against it.",
    "Anyone who holds office under this rule gives account of it once a year to those who elected them.",
    "Where this rule does not say otherwise, the general provisions apply.",
)


def document(units: int = UNITS_A_DOCUMENT) -> str:
    """A Markdown text of so many units: one of ten opens a chapter, the others are articles of 60 to 500 bytes."""
    lines: list[str] = ["# Rules\n"]
    for number in range(1, units):
        depth = "##" if number % 10 == 1 else "###"
        body = " ".join(_SENTENCES[(number + k) % 4] for k in range(1 + number % 5))
        lines.append(f"{depth} Article {number}\n\n{body}\n")
    return "\n".join(lines)


@dataclass(frozen=True)
class _Copy:
    """How the rows of one table are multiplied: the columns that are not copied as they are."""

    table: str
    columns: dict[str, str]
    source: str = "t.run_id = o.run_id"


_UUID = "md5(n.i || '/' || t.{0}::text)::uuid"
_RUN = "n.run_id"
_ADDRESS = "n.prefix || substr(t.{0}, length(o.docprefix) + 1)"
_STATEMENT = "n.i || '/' || t.{0}"
_XID = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 100000 + n.i * 8 + {0})::text::xid8"


def _uuid(column: str) -> str:
    return _UUID.format(column)


def _copies() -> tuple[_Copy, ...]:
    statement = "encode(sha256(t.statement || convert_to(n.i::text, 'UTF8')), 'hex')"
    sha_of = (
        "(SELECT encode(sha256(a.statement || convert_to(n.i::text, 'UTF8')), 'hex')"
        " FROM cutter_governance.approval a WHERE a.statement_sha256 = t.statement_sha256)"
    )
    return (
        _Copy("cutter_governance.source_document_registry", {"docprefix": "n.prefix"}, "t.docprefix = o.docprefix"),
        _Copy(
            "cutter_governance.source_document_version_registry",
            {"id": _uuid("id"), "docprefix": "n.prefix"},
            "t.docprefix = o.docprefix",
        ),
        _Copy(
            "cutter_governance.run",
            {"run_id": _RUN, "docprefix": "n.prefix", "journal_lock": "NULL", "host": "'elsewhere'"},
        ),
        _Copy(
            "cutter_governance.manifest_envelope",
            {"run_id": _RUN, "docprefix": "n.prefix", "source_version_id": _uuid("source_version_id")},
        ),
        _Copy(
            "cutter_governance.manifest_unit_block",
            {
                "run_id": _RUN,
                "address": _ADDRESS.format("address"),
                "parent_address": _ADDRESS.format("parent_address"),
                "unit_id": _uuid("unit_id"),
                "version_id": _uuid("version_id"),
            },
        ),
        _Copy(
            "public.information_unit",
            {
                "id": _uuid("id"),
                "canonical_address": _ADDRESS.format("canonical_address"),
                "doc_code": "n.prefix",
                "parent_or_container_ref": _ADDRESS.format("parent_or_container_ref"),
                "version_anchor_ref": _uuid("version_anchor_ref"),
            },
            "t.doc_code = o.docprefix",
        ),
        _Copy(
            "public.unit_version",
            {"id": _uuid("id"), "unit_id": _uuid("unit_id")},
            "t.unit_id IN (SELECT id FROM public.information_unit WHERE doc_code = o.docprefix)",
        ),
        _Copy(
            "public.iu_lifecycle_log",
            {"id": "", "unit_id": _uuid("unit_id"), "run_id": _RUN, "review_decision_id": _uuid("review_decision_id")},
        ),
        _Copy(
            "cutter_governance.approval",
            {
                "run_id": _RUN,
                "statement": "t.statement || convert_to(n.i::text, 'UTF8')",
                "statement_sha256": statement,
                "review_decision_id": _uuid("review_decision_id"),
            },
        ),
        _Copy(
            "cutter_governance.manifest_seal",
            {"run_id": _RUN, "statement_sha256": sha_of, "xid": _XID.format(1)},
        ),
        _Copy(
            "cutter_governance.approval_use",
            {
                "run_id": _RUN,
                "statement_sha256": sha_of,
                "xid": _XID.format("CASE t.purpose WHEN 'cut' THEN 1 ELSE 2 END"),
            },
        ),
        _Copy("cutter_governance.review_decision", {"id": _uuid("id"), "run_id": _RUN, "statement_sha256": sha_of}),
        _Copy(
            "cutter_governance.cut_change_set",
            {
                "id": _uuid("id"),
                "run_id": _RUN,
                "docprefix": "n.prefix",
                "review_decision_id": _uuid("review_decision_id"),
            },
        ),
        _Copy(
            "cutter_governance.cut_change_set_affected_row",
            {"change_set_id": _uuid("change_set_id"), "unit_id": _uuid("unit_id"), "version_id": _uuid("version_id")},
            "t.change_set_id IN (SELECT id FROM cutter_governance.cut_change_set WHERE run_id = o.run_id)",
        ),
        _Copy("cutter_governance.verify_result", {"id": _uuid("id"), "run_id": _RUN}),
        _Copy(
            "cutter_governance.dot_pair_signature",
            {"id": _uuid("id"), "change_set_id": _uuid("change_set_id"), "verify_result_id": _uuid("verify_result_id")},
            "true",
        ),
        _Copy("cutter_governance.decision_backlog_entry", {"id": _uuid("id"), "run_id": _RUN}),
        _Copy("cutter_governance.decision_backlog_history", {"id": _uuid("id"), "entry_id": _uuid("entry_id")}, "true"),
        _Copy("cutter_governance.run_event", {"id": "", "run_id": _RUN, "vouched": "false"}),
        _Copy("cutter_governance.backup_proof", {"id": "", "run_id": _RUN}),
    )


_KEPT = """
    DO $$ DECLARE t text; BEGIN
        FOR t IN SELECT table_name FROM cutter_governance.kept_count LOOP
            EXECUTE format('UPDATE cutter_governance.kept_count SET rows = (SELECT count(*) FROM %s) WHERE table_name = %L', t, t);
        END LOOP;
    END $$;
    INSERT INTO cutter_governance.kept_document (docprefix) SELECT DISTINCT doc_code FROM public.information_unit
    ON CONFLICT (docprefix) DO NOTHING
"""
_GUARDS = """
    SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal
"""
_COLUMNS = """
    SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum
"""


def multiply(passage: Passage, documents: int) -> None:
    """Copy the one enacted document until there are so many; the baseline is that of the rows then."""
    with psycopg.connect(passage.cluster.conninfo(passage.database)) as connection:
        guards = connection.execute(_GUARDS).fetchall()
        for table, guard in guards:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}".encode())
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        connection.execute(
            "CREATE TEMP TABLE n AS SELECT i, 'DOC-' || lpad(i::text, 6, '0') AS prefix,"
            " 'ictr-20200101T000000Z-' || lpad(to_hex(i), 8, '0') AS run_id FROM generate_series(2, %s) i",
            (documents,),
        )
        connection.execute(
            "CREATE TEMP TABLE o AS SELECT run_id, docprefix FROM cutter_governance.run WHERE docprefix = %s",
            (DOCPREFIX,),
        )
        for copy in _copies():
            names = [str(row[0]) for row in connection.execute(_COLUMNS, (copy.table,))]
            kept = [name for name in names if copy.columns.get(name) != ""]
            values = ", ".join(copy.columns.get(name, f"t.{name}") for name in kept)
            # Of what the document had before the first copy: the copies are made from it alone.
            query = (
                f"CREATE TEMP TABLE t AS SELECT t.* FROM {copy.table} t, o WHERE {copy.source};"
                f"INSERT INTO {copy.table} ({', '.join(kept)}) SELECT {values} FROM n CROSS JOIN o CROSS JOIN t ORDER BY n.i, t.ctid;"
                "DROP TABLE t"
            )
            connection.execute(query.encode())
        connection.execute(
            "UPDATE cutter_governance.manifest_seal SET manifest_digest = cutter_console.fn_manifest_digest(run_id);"
            "UPDATE cutter_governance.approval a SET manifest_digest = s.manifest_digest"
            " FROM cutter_governance.manifest_seal s WHERE s.run_id = a.run_id"
        )
        connection.execute(_KEPT)
        connection.execute("SELECT cutter_console.fn_baseline_write(%s)", (passage.run_id,))
        for table, guard in guards:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}".encode())
    with passage.connect() as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
