"""An installation: settings, context and operator, and the paths below the root."""

from dataclasses import dataclass
from pathlib import Path

from console.backend.host.context import Context
from console.backend.host.settings import Settings


@dataclass(frozen=True)
class Installation:
    """One installation, used by one operator."""

    context: Context
    settings: Settings
    operator: str

    @property
    def root(self) -> Path:
        """Return the top of the runtime tree."""
        return self.context.root

    @property
    def gnupg_home(self) -> Path:
        """Return the GNUPGHOME of the settings, or gpg's default if none is set."""
        return Path(self.settings.gnupg_home) if self.settings.gnupg_home else Path.home() / ".gnupg"

    @property
    def policy(self) -> Path:
        """Return the path of the approval policy."""
        return self.settings.under(self.root, self.settings.policy)

    @property
    def intake(self) -> Path:
        """Return the folder of source documents."""
        return self.settings.under(self.root, self.settings.intake)

    @property
    def profiles(self) -> Path:
        """Return the folder of the operator's own profiles, which need not exist."""
        return self.settings.under(self.root, self.settings.profiles)

    @property
    def site_mapping(self) -> Path:
        """Return the path of the site mapping, which exists only for a database of another layout."""
        return self.settings.under(self.root, self.settings.site_mapping)

    @property
    def site_inventory(self) -> Path:
        """Return the path of the inventory that was pinned of a database of another layout."""
        return self.settings.under(self.root, self.settings.site_inventory)

    @property
    def backups(self) -> Path:
        """Return the folder of proven backups."""
        return self.root / "backups"

    @property
    def hold_file(self) -> Path:
        """Return the path whose existence is a HOLD; `touch` makes one."""
        return self.root / "HOLD"

    def statement(self, run_id: str, kind: str) -> Path:
        """Return the path of a run's drafted statement of this kind."""
        return self.root / "approvals" / f"{run_id}.{kind}.json"
