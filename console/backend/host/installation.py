"""Installation: settings, surroundings and operator, and the paths below the root."""

from dataclasses import dataclass
from pathlib import Path

from console.backend.host.context import Context
from console.backend.host.settings import Settings


@dataclass(frozen=True)
class Installation:
    """One installation, as one operator uses it."""

    context: Context
    settings: Settings
    operator: str

    @property
    def root(self) -> Path:
        """The runtime tree."""
        return self.context.root

    @property
    def gnupg_home(self) -> Path:
        """GNUPGHOME; gpg's own default where none is set."""
        return Path(self.settings.gnupg_home) if self.settings.gnupg_home else Path.home() / ".gnupg"

    @property
    def policy(self) -> Path:
        """The approval policy's file."""
        return self.settings.under(self.root, self.settings.policy)

    @property
    def intake(self) -> Path:
        """The folder of source documents."""
        return self.settings.under(self.root, self.settings.intake)

    @property
    def backups(self) -> Path:
        """Return where proven backups lie."""
        return self.root / "backups"

    @property
    def hold_file(self) -> Path:
        """`touch` of this file is a HOLD."""
        return self.root / "HOLD"

    def statement(self, run_id: str, kind: str) -> Path:
        """The drafted statement of a run."""
        return self.root / "approvals" / f"{run_id}.{kind}.json"
