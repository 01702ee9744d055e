"""One line for each first word that several commands share; imports no library. Part of the table of commands."""

GROUPS: dict[str, str] = {
    "adopt": "take a database that has units of its own into use: propose, prove and apply its mapping",
    "approval": "draft, check and import the signed statements that a run or a batch waits for",
    "backup": "take, prove and list backups, without which nothing is written",
    "batch": "plan, start and follow many documents together, with one ruling to cut them and one to enact them",
    "config": "show and check the settings, the files that they come from, and the keys",
    "document": "what was, is or will be law of a document: list, show, compare, export, repeal",
    "fleet": "read many installations at once",
    "hold": "what a HOLD stopped, and its release",
    "hooks": "programs that are told what happens: list, test, run",
    "journal": "show and verify the records of a run",
    "manifest": "list the files of a release, and compare the deployed ones with that list",
    "policy": "who can rule: show, pin and withdraw",
    "profile": "how documents are structured: list, show and check profiles",
    "reports": "list, show and export what was reported",
    "run": "start a run, and take it from one pause to the next",
    "unit": "list, search, show and compare units; amend a document in one of them",
}
"""Help of each group by its word."""
