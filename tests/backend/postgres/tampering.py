"""What a superuser can do who switches the guards off: the worst that the checks over signed rows must find."""

from tests.conftest import Database
from tests.support.passage import Passage

_GUARDS = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'guard%' AND NOT tgisinternal"
_AGED = "UPDATE cutter_governance.backup_proof SET recorded_at = recorded_at - interval '61 minutes'"


def tamper(database: Database | Passage, *statements: str) -> None:
    """Run these with every guard switched off, and switch all of them on again, so that nothing shows."""
    with database.connect() as connection, connection.transaction():
        guards = connection.execute(_GUARDS.encode()).fetchall()
        for table, name in guards:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}".encode())
        for statement in statements:
            connection.execute(statement.encode())
        for table, name in guards:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}".encode())


def age_backup_proofs(database: Database | Passage) -> None:
    """Make every proof of a backup a minute older than the hour in which it counts, as time would."""
    tamper(database, _AGED)
