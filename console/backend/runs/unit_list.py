"""The list of units, read as the monitoring role, in this product's layout or in another one."""

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.model.unit_list import UnitPage
from console.backend.postgres.connections import connect
from console.backend.postgres.units import reader_page
from console.backend.runs.other_layout import is_elsewhere
from console.backend.runs.site import units_of_site

PAGE = 500
"""Units of one page."""


def page_of_units(installation: Installation, document: str, after: str) -> UnitPage:
    """Return the next PAGE units behind an address, of one document or of all. Raises CutterError if they cannot be read."""
    try:
        with connect(installation.settings.database.monitor, read_only=True, purpose="units") as connection:
            rows = reader_page(connection, document, after, PAGE + 1)
    except CutterError as error:
        if not is_elsewhere(installation, error):
            raise
        return units_of_site(installation, document, after, PAGE)
    return UnitPage(units=rows[:PAGE], more=len(rows) > PAGE)
