"""Every command of the command line with its line of help; imports nothing but the standard library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the command line with its line of help; `words` is e.g. `("run", "start")`."""

    words: tuple[str, ...]
    help: str
    writes: bool = False


COMMANDS: tuple[Command, ...] = (
    Command(("demo",), "the whole console on an embedded PostgreSQL with throw-away keys", writes=True),
    Command(("init",), "make the runtime tree; with --pin, pin host, database and release", writes=True),
    Command(("migrate",), "install or bring up to date schema, functions and roles", writes=True),
    Command(("status",), "where am I, the switch, the counts, what waits"),
    Command(("gates",), "the readiness gates, measured now; some of them, or PRE"),
    Command(("counts",), "rows of every table beside the baseline"),
    Command(("drift",), "what differs from the pinned database"),
    Command(("document", "register"), "register the query that gives a live document's text", writes=True),
    Command(("plan",), "plan a document without any effect"),
    Command(("run", "start"), "start a run: DRYRUN unless --live", writes=True),
    Command(("run", "list"), "all runs, the newest first"),
    Command(("run", "show"), "one run: its state, phases, evidence and legal moves"),
    Command(("run", "resume"), "go on from where a run rests", writes=True),
    Command(("run", "settle"), "ask again what became of a COMMIT that was not answered", writes=True),
    Command(("run", "void"), "end a run that has written no unit", writes=True),
    Command(("approval", "draft"), "draft the statement that a run waits for", writes=True),
    Command(("approval", "check"), "check a statement and the signatures beside it"),
    Command(("approval", "import"), "check a signed statement and record it", writes=True),
    Command(("policy", "show"), "who can rule, and whose signatures the database verifies"),
    Command(("policy", "pin"), "pin policy and signers' keys in the database; the digest is typed", writes=True),
    Command(("policy", "withdraw"), "withdraw a signer's key for good; the fingerprint is typed twice", writes=True),
    Command(("arm",), "arm the switch for one run; the run id is typed", writes=True),
    Command(("disarm",), "end the lease; needs no authority", writes=True),
    Command(("panic",), "stop everything and set a HOLD; needs no authority", writes=True),
    Command(("hold", "show"), "whether a HOLD is set, by whom and why"),
    Command(("hold", "release"), "clear the HOLD; the asked word is typed", writes=True),
    Command(("backup", "selftest"), "check keys and programs before a backup is needed"),
    Command(("backup", "take"), "take, encrypt and prove a backup for a run", writes=True),
    Command(("backup", "prove"), "restore a backup into a scratch database and compare digests"),
    Command(("backup", "list"), "the backups, their state and age"),
    Command(
        ("verify",), "verify a cut as the verifying role; at the second pause the verdict is recorded", writes=True
    ),
    Command(("enact",), "enact a verified draft cut under SG_2; the run id is typed", writes=True),
    Command(("revert",), "take a draft cut back; the run id is typed", writes=True),
    Command(("bundle",), "measure every gate and write the readiness bundle", writes=True),
    Command(("report",), "write the documents of a run", writes=True),
    Command(("journal", "verify"), "whether a run's journal is what was written"),
    Command(("manifest", "build"), "list the files of this tree with their digests, on the workstation", writes=True),
    Command(("manifest", "verify"), "whether the deployed files are those of the pinned manifest"),
)
