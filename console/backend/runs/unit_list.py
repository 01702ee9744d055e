"""The list of units, read as the monitoring role, in this product's layout or in another one."""

from functools import partial

from console.backend.host.installation import Installation
from console.backend.model.unit_list import UnitPage
from console.backend.model.unit_search import FOR_READERS, UnitQuery
from console.backend.postgres.connections import connect
from console.backend.postgres.unit_search import Searched, indexed_page, installed
from console.backend.postgres.units import reader_page
from console.backend.runs.site import units_of_site
from console.backend.runs.unit_search import listed, looked_page

PAGE = 500
"""Units of one page."""


def page_of_units(installation: Installation, document: str, after: str) -> UnitPage:
    """Return the next PAGE units behind an address, of one document or of all. Raises CutterError if they cannot be read."""
    with connect(installation.settings.database.monitor, read_only=True, purpose="units") as connection:
        own = installed(connection)
        if own.function:
            query = UnitQuery(document=document, lifecycles=FOR_READERS, after=after, limit=PAGE)
            answer = looked_page(query, partial(indexed_page, connection, Searched()))
            units = tuple(listed(row) for row in answer.rows[:PAGE])
            more = len(answer.rows) > PAGE or bool(answer.looked_to)
            return UnitPage(units=units, more=more, looked_to=answer.looked_to)
        if own.view:
            rows = reader_page(connection, document, after, PAGE + 1)
            return UnitPage(units=rows[:PAGE], more=len(rows) > PAGE)
    return units_of_site(installation, document, after, PAGE)
