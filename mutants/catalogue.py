"""All mutants, in the order in which they are run."""

from mutants.catalogue_commands import COMMANDS
from mutants.catalogue_custody import CUSTODY
from mutants.catalogue_display import DISPLAY
from mutants.catalogue_documents import DOCUMENTS
from mutants.catalogue_fleet import FLEET
from mutants.catalogue_guide import GUIDE
from mutants.catalogue_holds import HOLDS
from mutants.catalogue_hooks import HOOKS
from mutants.catalogue_pages import PAGES
from mutants.catalogue_python import PYTHON
from mutants.catalogue_screens import SCREENS
from mutants.catalogue_servers import SERVERS
from mutants.catalogue_shelves import SHELVES
from mutants.catalogue_site_rows import SITE_ROWS
from mutants.catalogue_site_trial import SITE_TRIAL
from mutants.catalogue_sites import SITES
from mutants.catalogue_sql import SQL

MUTANTS = (
    *SQL,
    *PYTHON,
    *SCREENS,
    *HOLDS,
    *HOOKS,
    *SHELVES,
    *SERVERS,
    *GUIDE,
    *SITES,
    *SITE_ROWS,
    *SITE_TRIAL,
    *CUSTODY,
    *FLEET,
    *DISPLAY,
    *DOCUMENTS,
    *COMMANDS,
    *PAGES,
)
