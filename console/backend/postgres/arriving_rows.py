"""Rows of a query as they arrive, where all together could be too many for the memory."""

from collections.abc import Iterator, Mapping, Sequence

import psycopg

_AT_ONCE = 256
"""Rows that libpq gives together, from its version 17 on; an older one gives one by one."""


def arriving(
    connection: psycopg.Connection, query: str, parameters: Sequence[object] | Mapping[str, object]
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a query. Until the last one, the connection can do nothing else."""
    size = _AT_ONCE if psycopg.capabilities.has_stream_chunked() else 1
    with connection.cursor() as cursor:
        yield from cursor.stream(query.encode(), parameters, size=size)
