"""The one table of the commands: what each is asked with, its help, its handler and its JSON; imports no library.

Parser, help, the lists in README.md and console/guide/reference.md, shell completion and the man page are made from it. A handler is
named, not imported, so that `--help` loads no backend.
"""

from dataclasses import dataclass, field

from console.backend.model.profile_names import DEFAULT_PROFILE
from console.cli.approval_requests import DraftStatement, ImportStatement, OneStatement
from console.cli.arguments import Argument, option
from console.cli.batch_requests import OneBatch, PlanBatch, ResumeBatch, StartBatch, WatchedBatch
from console.cli.custody_operations import CUSTODY_OPERATIONS
from console.cli.evidence_requests import Bundle, ExportReport, Gates, OneFile, ShowReport
from console.cli.export_request import ExportDocument
from console.cli.fleet_operations import FLEET_OPERATIONS
from console.cli.guide_operations import GUIDE_OPERATIONS
from console.cli.hook_operations import HOOK_OPERATIONS
from console.cli.installation_requests import BuildManifest, Demo, Init, Migrate
from console.cli.journal_request import ShowJournal
from console.cli.one_run import OneRun, WatchedRun
from console.cli.operation import Operation as Operation  # noqa: PLC0414 - the table's readers import it from here
from console.cli.plan_request import PROFILE, PlanFile
from console.cli.policy_requests import PinPolicy, WithdrawKey
from console.cli.profile_requests import CheckProfile, OneProfile
from console.cli.run_requests import ConfirmedRun, Panic, ReleaseHold, StartRun, VerifiedRun, VoidRun
from console.cli.site_requests import InspectSite
from console.cli.state_requests import DiffDocument, OneDocument, OneUnit, RepealDocument, ShowDocument, ShowUnit
from console.cli.status_request import ShowStatus
from console.cli.unit_requests import DiffVersions, EditDraft, ListUnits, RetireUnit, SearchUnits, SupersedeUnit
from console.cli.watching import Watching


@dataclass(frozen=True, slots=True)
class Nothing:
    """A command without arguments of its own."""


@dataclass(frozen=True, slots=True)
class RegisterDocument:
    """Register the query that gives a live document's text."""

    docprefix: str = field(metadata=option("P", "upper-case prefix of the addresses"))
    query: str = field(metadata=option("SQL", "a query that gives one row with one text"))
    profile: str = field(default=DEFAULT_PROFILE, metadata=PROFILE)


@dataclass(frozen=True, slots=True)
class Shell:
    """Print the completion of a shell."""

    shell: str = field(
        metadata={"argument": Argument("", "the shell", positional=True, choices=("bash", "zsh", "tcsh"))}
    )


_RUN_VIEW = ("console.backend.model.view_models:RunView",)
_APPROVAL = ("console.backend.model.view_models:ApprovalView",)
_SWITCH, _HOLD = ("console.backend.model.view_models:SwitchView",), ("console.backend.model.holds:HoldView",)
_POLICY = ("console.backend.approvals.pinning:PinnedPolicy",)
_CHECKS = ("console.cli.backups:Checks",)
_BATCH, _BATCHES = ("console.backend.model.batches:BatchView",), ("console.cli.batches:BatchList",)
_BATCH_PLAN = ("console.backend.model.batches:BatchPlan",)
_HITS, _DIFF = ("console.backend.model.unit_search:UnitHits",), ("console.backend.model.unit_search:VersionDiff",)
_LISTED = ("console.backend.documents.profile_report:ProfileList",)
_SHOWN = ("console.backend.documents.profile_report:ProfileText",)
_TRIED = ("console.backend.documents.profile_report:ProfileCheck",)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        ("demo",),
        "try the whole console on an embedded PostgreSQL with throw-away keys",
        Demo,
        "console.demo.command:run",
        (),
        writes=True,
        at_once=True,
    ),
    Operation(
        ("init",),
        "make the runtime tree; with --pin, pin host, database and release",
        Init,
        "console.cli.pinning:init",
        ("console.cli.database:Made", "console.cli.pinning:PinsSet"),
        writes=True,
    ),
    Operation(
        ("migrate",),
        "install schema, functions and roles, or bring them up to date",
        Migrate,
        "console.cli.database:migrate",
        ("console.backend.postgres.migrations:MigrationReport",),
        writes=True,
    ),
    Operation(
        ("adopt", "inspect"),
        "propose the mapping of a database that has units of its own, and list what has no place in it",
        InspectSite,
        "console.cli.sites:inspect",
        ("console.cli.sites:Inspection",),
    ),
    Operation(
        ("adopt", "check"),
        "prove the mapping by writes through that database's own functions, all rolled back",
        Nothing,
        "console.cli.sites:check",
        ("console.cli.sites:Proofs",),
    ),
    Operation(
        ("adopt", "apply"),
        "print the script with which an administrator prepares that database; nothing is run",
        Nothing,
        "console.cli.sites:apply",
        ("console.cli.sites:Script",),
    ),
    Operation(
        ("adopt", "remove"),
        "print the script with which an administrator takes the console out of that database again; nothing is run",
        Nothing,
        "console.cli.sites:remove",
        ("console.cli.sites:Script",),
    ),
    Operation(
        ("status",),
        "show which database this is, the switch, the counts, and what waits",
        ShowStatus,
        "console.cli.database:status",
        ("console.backend.model.view_models:Status",),
    ),
    Operation(
        ("gates",),
        "measure the readiness gates now; some of them, or PRE",
        Gates,
        "console.cli.readiness:gates",
        ("console.backend.model.readiness:Board",),
    ),
    Operation(
        ("counts",),
        "count the rows of every table, beside the baseline",
        Watching,
        "console.cli.database:counts",
        ("console.cli.database:Counts",),
    ),
    Operation(
        ("drift",),
        "compare the database with the pinned one",
        Watching,
        "console.cli.database:drift",
        ("console.cli.database:DriftAnswer",),
    ),
    Operation(
        ("document", "register"),
        "register the query that gives a live document's text",
        RegisterDocument,
        "console.cli.database:register",
        ("console.cli.database:Made",),
        writes=True,
    ),
    Operation(
        ("document", "export"),
        "write a document as Akoma Ntoso, text or JSON, as it is planned or in force",
        ExportDocument,
        "console.cli.exports:export",
        ("console.cli.exports:Exported",),
    ),
    Operation(
        ("document", "list"),
        "list the registered documents and what is in force of each",
        Watching,
        "console.cli.states:list_all",
        ("console.cli.states:Documents",),
    ),
    Operation(
        ("document", "show"),
        "write the exact text that is, was or will be in force",
        ShowDocument,
        "console.cli.states:show",
        ("console.cli.states:WrittenDocument",),
    ),
    Operation(
        ("document", "history"),
        "list every state that a document has had in force",
        OneDocument,
        "console.cli.states:history",
        ("console.cli.states:DocumentHistory",),
    ),
    Operation(
        ("document", "diff"),
        "compare the texts of a document that are in force at two moments",
        DiffDocument,
        "console.cli.state_diff:diff",
        ("console.backend.runs.state_comparison:DocumentDiff",),
    ),
    Operation(
        ("document", "repeal"),
        "start a run that repeals a document as a whole: DRYRUN unless --live",
        RepealDocument,
        "console.cli.runs:repeal",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("unit", "list"),
        "list the units that readers see, by address",
        ListUnits,
        "console.cli.unit_reading:list_all",
        ("console.backend.model.unit_list:UnitPage",),
    ),
    Operation(
        ("unit", "search"), "find units by address or by word", SearchUnits, "console.cli.unit_search:search", _HITS
    ),
    Operation(
        ("unit", "show"),
        "show a unit as it is, was or will be in force",
        ShowUnit,
        "console.cli.unit_reading:show",
        ("console.backend.runs.unit_states:ShownUnit", "console.backend.runs.site:SiteUnit"),
    ),
    Operation(
        ("unit", "history"),
        "list every version of a unit, and when each counts",
        OneUnit,
        "console.cli.states:unit_history",
        ("console.backend.runs.unit_states:UnitHistory",),
    ),
    Operation(
        ("unit", "diff"), "compare two versions of a unit by words", DiffVersions, "console.cli.unit_search:diff", _DIFF
    ),
    Operation(
        ("unit", "retire"),
        "start an amendment that takes one unit out of the law: DRYRUN unless --live",
        RetireUnit,
        "console.cli.units:retire",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("unit", "supersede"),
        "start an amendment that gives one unit another text: DRYRUN unless --live",
        SupersedeUnit,
        "console.cli.units:supersede",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("plan",),
        "plan a document, or every document below a folder, without any effect",
        PlanFile,
        "console.cli.plans:plan",
        ("console.backend.documents.report:PlanReport", "console.backend.documents.folder_report:FolderReport"),
    ),
    Operation(
        ("profile", "list"), "list shipped profiles, and your own", Nothing, "console.cli.profiles:list_all", _LISTED
    ),
    Operation(("profile", "show"), "print a profile's TOML", OneProfile, "console.cli.profiles:show", _SHOWN),
    Operation(
        ("profile", "check"), "check a profile, also on texts", CheckProfile, "console.cli.profiles:check", _TRIED
    ),
    Operation(
        ("run", "start"),
        "start a run: DRYRUN unless --live",
        StartRun,
        "console.cli.runs:start",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("run", "list"),
        "list all runs, the newest first",
        Watching,
        "console.cli.runs:list_all",
        ("console.cli.runs:Runs",),
    ),
    Operation(
        ("run", "show"),
        "show one run: its state, phases, evidence and legal moves",
        WatchedRun,
        "console.cli.runs:show",
        _RUN_VIEW,
    ),
    Operation(
        ("run", "resume"), "go on from where a run rests", OneRun, "console.cli.runs:resume", _RUN_VIEW, writes=True
    ),
    Operation(
        ("run", "edit"),
        "give a draft another text: shows the difference; with --live a run that waits for SG_1",
        EditDraft,
        "console.cli.edits:edit",
        ("console.backend.runs.draft_edits:EditView",),
        writes=True,
    ),
    Operation(
        ("run", "apply"),
        "write a signed edit of a draft; the run id is typed",
        ConfirmedRun,
        "console.cli.edits:apply",
        _RUN_VIEW,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("run", "settle"),
        "ask again what became of a COMMIT that was not answered",
        OneRun,
        "console.cli.runs:settle",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("run", "replan"),
        "after a promotion: plan a run again for this server, up to SG_1",
        OneRun,
        "console.cli.runs:replan",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("run", "void"),
        "end a run that has written no unit",
        VoidRun,
        "console.cli.runs:void",
        _RUN_VIEW,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("batch", "plan"),
        "plan many documents together, without any effect",
        PlanBatch,
        "console.cli.batches:plan",
        _BATCH_PLAN,
    ),
    Operation(
        ("batch", "start"),
        "start a run for each of many documents: DRYRUN unless --live",
        StartBatch,
        "console.cli.batches:start",
        _BATCH,
        writes=True,
    ),
    Operation(
        ("batch", "list"), "list all batches, the newest first", Watching, "console.cli.batches:list_all", _BATCHES
    ),
    Operation(
        ("batch", "status"),
        "show one batch: each document, and its legal moves",
        WatchedBatch,
        "console.cli.batches:status",
        _BATCH,
    ),
    Operation(
        ("batch", "resume"),
        "go on from where a batch rests, with nothing done twice",
        ResumeBatch,
        "console.cli.batches:resume",
        _BATCH,
        writes=True,
    ),
    Operation(
        ("batch", "report"),
        "write the report of a batch: a row for each document",
        OneBatch,
        "console.cli.batches:write_report",
        ("console.backend.model.readiness:ReportView",),
        writes=True,
    ),
    Operation(
        ("approval", "draft"),
        "draft the statement that a run or a batch waits for",
        DraftStatement,
        "console.cli.authority:draft",
        _APPROVAL,
        writes=True,
    ),
    Operation(
        ("approval", "check"),
        "check a statement and the signatures beside it",
        OneStatement,
        "console.cli.authority:check",
        _APPROVAL,
    ),
    Operation(
        ("approval", "import"),
        "check a signed statement and record it",
        ImportStatement,
        "console.cli.authority:import_signed",
        _APPROVAL,
        writes=True,
    ),
    Operation(
        ("policy", "show"),
        "show who can rule, and whose signatures the database verifies",
        Nothing,
        "console.cli.policies:show",
        _POLICY,
    ),
    Operation(
        ("policy", "pin"),
        "pin policy and signers' keys in the database; the digest is typed",
        PinPolicy,
        "console.cli.policies:pin",
        _POLICY,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("policy", "withdraw"),
        "withdraw a signer's key for good; the fingerprint is typed twice",
        WithdrawKey,
        "console.cli.policies:withdraw",
        _POLICY,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("arm",),
        "arm the switch for one run or batch; its id is typed",
        ConfirmedRun,
        "console.cli.authority:arm",
        _SWITCH,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("disarm",),
        "end the lease; needs no authority",
        Nothing,
        "console.cli.authority:disarm",
        _SWITCH,
        writes=True,
        at_once=True,
    ),
    Operation(
        ("panic",),
        "stop everything and set a HOLD; needs no authority",
        Panic,
        "console.cli.authority:panic",
        _SWITCH,
        writes=True,
        at_once=True,
    ),
    Operation(
        ("hold", "show"), "show if a HOLD is set, by whom and why", Watching, "console.cli.authority:hold_show", _SWITCH
    ),
    Operation(
        ("hold", "plan"), "show what a HOLD stopped and a release does", Watching, "console.cli.holds:plan", _HOLD
    ),
    Operation(
        ("hold", "release"),
        "clear the HOLD; the word RELEASE is typed",
        ReleaseHold,
        "console.cli.authority:hold_release",
        _SWITCH,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("backup", "selftest"),
        "check keys and programs before a backup is needed",
        Nothing,
        "console.cli.backups:selftest",
        _CHECKS,
    ),
    Operation(
        ("backup", "take"),
        "take, encrypt and prove a backup for a run",
        OneRun,
        "console.cli.backups:take",
        _CHECKS,
        writes=True,
    ),
    Operation(
        ("backup", "prove"),
        "restore a backup into a scratch database and compare digests",
        OneFile,
        "console.cli.backups:prove",
        _CHECKS,
    ),
    Operation(
        ("backup", "list"),
        "list the backups, their state and age, beside what the ledger has of them",
        Watching,
        "console.cli.backups:list_all",
        ("console.backend.runs.backup_shelf:BackupShelf",),
    ),
    Operation(
        ("verify",),
        "verify a cut, or those of a batch, as the verifying role; at the second pause the verdict is recorded",
        VerifiedRun,
        "console.cli.runs:verify",
        ("console.cli.runs:Verification",),
        writes=True,
    ),
    Operation(
        ("enact",),
        "enact a verified draft cut, or those of a batch, under SG_2; the id is typed",
        ConfirmedRun,
        "console.cli.runs:enact",
        (*_RUN_VIEW, *_BATCH),
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("revert",),
        "take a draft cut back; the run id is typed",
        ConfirmedRun,
        "console.cli.runs:revert",
        _RUN_VIEW,
        writes=True,
        dangerous=True,
    ),
    Operation(
        ("bundle",),
        "measure every gate and write the readiness bundle",
        Bundle,
        "console.cli.readiness:bundle",
        ("console.backend.model.readiness:BundleView",),
        writes=True,
    ),
    Operation(
        ("report",),
        "write the documents of a run",
        OneRun,
        "console.cli.readiness:run_report",
        ("console.backend.model.readiness:ReportView",),
        writes=True,
    ),
    Operation(
        ("reports", "list"),
        "list the reports and bundles, every file read again beside its sums and signature",
        Nothing,
        "console.cli.reports:list_all",
        ("console.backend.reports.shelf:Verdicts",),
    ),
    Operation(
        ("reports", "show"),
        "show the files of a report, or the text of one, and if they are as they were written",
        ShowReport,
        "console.cli.reports:show",
        ("console.backend.reports.shelf:Verdicts", "console.backend.reports.shelf:ReportText"),
    ),
    Operation(
        ("reports", "export"),
        "copy a report into a folder, every byte compared with its sums",
        ExportReport,
        "console.cli.reports:export",
        ("console.backend.reports.shelf:ExportedReport",),
        writes=True,
    ),
    Operation(
        ("journal", "show"),
        "show the records of a run's journal, with what is wrong with them",
        ShowJournal,
        "console.cli.journals:show",
        ("console.backend.journal.journal_pages:JournalPage",),
    ),
    Operation(
        ("journal", "verify"),
        "check that a run's journal is as it was written",
        OneRun,
        "console.cli.journals:verify",
        ("console.backend.journal.journal:JournalVerdict",),
    ),
    Operation(
        ("manifest", "build"),
        "list the files of this tree with their digests, on the workstation",
        BuildManifest,
        "console.cli.manifests:build",
        ("console.cli.manifests:Built",),
        writes=True,
    ),
    Operation(
        ("manifest", "verify"),
        "check that the deployed files are those of the pinned manifest",
        Nothing,
        "console.cli.manifests:verify",
        ("console.cli.manifests:Verified",),
    ),
    Operation(
        ("completion",),
        "print the script that completes commands in a shell",
        Shell,
        "console.cli.completion:completion",
        ("console.cli.completion_json:CompletionScript",),
        light=True,
    ),
    *CUSTODY_OPERATIONS,
    *FLEET_OPERATIONS,
    *GUIDE_OPERATIONS,
    *HOOK_OPERATIONS,
)
