"""The actions of the Backups and Reports screens; part of the registry of actions."""

from console.actions.action import Action, Scope

SHELF_ACTIONS: tuple[Action, ...] = (
    Action(
        name="backup_open",
        title="Open the chosen backup",
        help="What it covers, for whom it is encrypted, its proof and evidence, its rows in the ledger; Esc goes back to the list.",
        keys=("enter",),
        scope=Scope.BACKUPS,
        short="Open",
        needs="a chosen backup",
        command="cutter-console backup list --json",
    ),
    Action(
        name="backup_test",
        title="Test a restore of the chosen backup now",
        help="Decrypts and restores it into a database of its own, compares every table, and removes it. Needs the private key.",
        keys=("t",),
        scope=Scope.BACKUPS,
        short="Restore test",
        # Not to the database: for minutes it takes memory and processors of the host, which observers must not.
        writes=True,
        needs="a backup with its record, and its private key in the key ring",
        command="cutter-console backup prove FILE",
    ),
    Action(
        name="backup_compare",
        title="Compare the chosen backup's file",
        help="Reads the file again, and compares its sha256 with the record. Needs no key.",
        keys=("v",),
        scope=Scope.BACKUPS,
        short="Compare",
        needs="a backup with its record",
        command="cutter-console backup list",
    ),
    Action(
        name="backup_cancel",
        title="Cancel the test that is under way",
        help="Ends it, and the programs that it has started, within a second; nothing is left.",
        keys=("x",),
        scope=Scope.BACKUPS,
        short="Cancel",
        needs="a test that is under way",
    ),
    Action(
        name="report_open",
        title="Open the chosen report, or the chosen file",
        help="The files with their sums, one by one; on a file its text, Markdown rendered. Esc goes back.",
        keys=("enter",),
        scope=Scope.REPORTS,
        short="Open",
        needs="a chosen report",
        command="cutter-console reports show NAME",
    ),
    Action(
        name="report_export",
        title="Copy the chosen report into a folder",
        help="Asks for the folder. Every byte is compared with the sums on the way; whole, or not at all.",
        keys=("e",),
        scope=Scope.REPORTS,
        short="Export",
        writes=True,
        names_a_path=True,
        needs="a report that is as it was written",
        command="cutter-console reports export NAME --to FOLDER",
    ),
)
