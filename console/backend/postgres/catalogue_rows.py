"""The rows of the catalogues by place and writer: as long as none has moved, the inventory is the one that was taken.

PostgreSQL writes a row that changes to another place, under the id of the transaction, whoever changes it. So equal
digests at two moments mean that no row was changed, added or removed in between. What VACUUM and ANALYZE note in a row where
it stands is in no line of the inventory.
"""

import psycopg

from console.backend.postgres.connections import scalar

# All that the functions of the inventory read, or that what they print can name.
_CATALOGUES = (
    *("pg_namespace", "pg_class", "pg_attribute", "pg_attrdef", "pg_type", "pg_enum", "pg_proc", "pg_constraint"),
    *("pg_index", "pg_inherits", "pg_trigger", "pg_event_trigger", "pg_rewrite", "pg_policy", "pg_depend"),
    *("pg_default_acl", "pg_auth_members", "pg_database", "pg_db_role_setting", "pg_publication"),
    *("pg_publication_rel", "pg_subscription_rel", "pg_language", "pg_operator", "pg_opclass", "pg_am"),
    *("pg_collation", "pg_ts_config"),
)
_SINCE_15 = ("pg_parameter_acl", "pg_publication_namespace")
_OF_15 = 150000
_PLACES = "SELECT hash_record_extended(ROW (c.tableoid, c.ctid, c.xmin), 0) FROM {} c"
# By their values: the tables behind these two can be read whole by superusers alone.
_BY_VALUE = (
    "SELECT hash_record_extended(r.*, 0) FROM pg_roles r",
    "SELECT hash_record_extended(ROW (s.oid, s.subdbid, s.subname), 0) FROM pg_subscription s",
)


_DIGEST = "(SELECT concat_ws(':', count(*), sum(k.hash)) FROM ({}) k (hash))"


def rows_query(connection: psycopg.Connection) -> str:
    """Return what a statement computes the digest by, as the expression of one value."""
    catalogues = _CATALOGUES + (_SINCE_15 if connection.info.server_version >= _OF_15 else ())
    return _DIGEST.format(" UNION ALL ".join((*map(_PLACES.format, catalogues), *_BY_VALUE)))


def catalogue_rows(connection: psycopg.Connection) -> str:
    """Return the digest over the rows as they are."""
    return str(scalar(connection, f"SELECT {rows_query(connection)}"))
