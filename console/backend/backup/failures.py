"""Reasons why a backup does not count: each refusal says what failed and what to do."""

from console.backend.model.errors import Refused, StopCode


class BackupNotProven(Refused):
    """The backup was not made, or not shown to restore; a file that was begun has been removed."""

    def __init__(self, problem: str, next_action: str = "remove the cause and take the backup again") -> None:
        super().__init__(StopCode.BACKUP_NOT_PROVEN, problem, next_action)


class RecipientUnusable(Refused):
    """Refusal of a key that cannot be used to encrypt or decrypt; the next action is the command that fixes it."""

    def __init__(self, problem: str, next_action: str) -> None:
        super().__init__(StopCode.BACKUP_GPG_PUBKEY_MISSING, problem, next_action)
