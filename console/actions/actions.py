"""The registry of actions: keys, footer, palette and help are made from it, and each action names its command."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.actions.action import Action, Scope, key_name
from console.actions.batch_actions import BATCH_ACTIONS
from console.actions.custody_actions import CUSTODY_ACTIONS
from console.actions.find_actions import FIND_ACTIONS
from console.actions.fleet_actions import FLEET_ACTIONS
from console.actions.guide_actions import GUIDE_ACTIONS
from console.actions.hold_actions import HOLD_ACTIONS
from console.actions.journal_actions import JOURNAL_ACTIONS
from console.actions.replay_actions import KEPT, REPLAY_ACTIONS
from console.actions.shelf_actions import SHELF_ACTIONS
from console.actions.stopping import HOW_TO_STOP, PANIC, STOP_ONLY, STOPPING
from console.actions.unit_actions import UNIT_ACTIONS
from console.backend.model.gate_table import GATES

__all__ = [
    "ACTIONS",
    "HOW_TO_STOP",
    "STOPPING",
    "Action",
    "Registry",
    "Scope",
    "key_name",
    "registry",
    "replay_registry",
]

# Dangerous actions have capital letters as keys, and an action that writes names its command, because the console
# must not be able to do more than the command line; tests insist on both.
ACTIONS: tuple[Action, ...] = (
    PANIC,
    Action(
        name="overview",
        title="Go to Overview",
        help="Database, kill switch, row counts, the current run, and what waits for a decision.",
        keys=("1",),
        scope=Scope.EVERYWHERE,
        command="cutter-console status",
    ),
    Action(
        name="documents",
        title="Go to Documents",
        help="The documents that can be planned; a plan is a tree beside its text.",
        keys=("2",),
        scope=Scope.EVERYWHERE,
        command="cutter-console plan FILE --docprefix P",
    ),
    Action(
        name="run",
        title="Go to Run",
        help="All runs, their phases with evidence, and what can be done next.",
        keys=("3",),
        scope=Scope.EVERYWHERE,
        command="cutter-console run list",
    ),
    Action(
        name="approvals",
        title="Go to Approvals",
        help="Statements, their checks one by one, and how to sign them.",
        keys=("4",),
        scope=Scope.EVERYWHERE,
    ),
    Action(
        name="gates",
        title="Go to Gates",
        help=f"The {len(GATES)} gates and the arming checks, measured, with evidence and next action.",
        keys=("5",),
        scope=Scope.EVERYWHERE,
        command="cutter-console gates",
    ),
    Action(
        name="drift",
        title="Go to Drift",
        help="What differs from the database that was installed, and the SQL that repairs it.",
        keys=("6",),
        scope=Scope.EVERYWHERE,
        command="cutter-console drift",
    ),
    Action(
        name="batch",
        title="Go to Batch",
        help="Many documents under one ruling each way: their progress, and what can be done next.",
        keys=("7",),
        scope=Scope.EVERYWHERE,
        command="cutter-console batch list",
    ),
    Action(
        name="units",
        title="Go to Units",
        help="Every unit by address or by word, with its text, versions and history.",
        keys=("8",),
        scope=Scope.EVERYWHERE,
        command="cutter-console unit search TEXT",
    ),
    Action(
        name="backups",
        title="Go to Backups",
        help="Every backup with its age, proof and run, and until when it lets a run be armed; a restore test.",
        keys=("9",),
        scope=Scope.EVERYWHERE,
        command="cutter-console backup list",
    ),
    Action(
        name="journal",
        title="Go to Journal",
        help="What was done in a run, record by record, as it happens; <journal_run> there chooses another run.",
        keys=("0",),
        scope=Scope.EVERYWHERE,
        command="cutter-console journal show RUN",
    ),
    Action(
        name="reports",
        title="Go to Reports",
        help="The reports of runs and batches and the readiness bundles: if they are as they were written, and their texts.",
        keys=("ctrl+r",),
        scope=Scope.EVERYWHERE,
        command="cutter-console reports list",
    ),
    *FLEET_ACTIONS,
    Action(
        name="refresh",
        title="Measure again",
        help="Measures the database and the host now; on Overview and Gates every gate too, on Drift the drift.",
        keys=("r",),
        scope=Scope.EVERYWHERE,
        short="Refresh",
        command="cutter-console status",
    ),
    *FIND_ACTIONS,
    Action(
        name="palette",
        title="Find an action by its name",
        help="Lists the actions of this screen. Letters filter the list, Enter runs the chosen action.",
        keys=("ctrl+p",),
        scope=Scope.EVERYWHERE,
    ),
    Action(
        name="help",
        title="Help",
        help="What can be done here, and with which keys.",
        keys=("question_mark",),
        scope=Scope.EVERYWHERE,
        short="Help",
        command="cutter-console --help",
    ),
    Action(
        name="theme",
        title="Change between dark, light and high contrast",
        help="Changes the colours only, to the next of the three, until this console ends. With which of them it opens is a setting: `theme` in console.toml, or of an installation in installations.toml.",
        keys=("ctrl+t",),
        scope=Scope.EVERYWHERE,
    ),
    Action(
        name="redraw",
        title="Draw the screen again",
        help="For example after another program has written into the terminal. It happens by itself every five minutes.",
        keys=("ctrl+l",),
        scope=Scope.EVERYWHERE,
    ),
    Action(
        name="quit",
        title="Quit",
        help="Leaves the console. Asks first while something is being written.",
        keys=("q", "ctrl+q"),
        scope=Scope.EVERYWHERE,
        short="Quit",
    ),
    Action(
        name="disarm",
        title="Switch off (disarm)",
        help="Ends the lease at once, whoever holds it.",
        keys=("o",),
        scope=Scope.OVERVIEW,
        short="Switch off",
        writes=True,
        needs="nothing: stopping needs no authority",
        command="cutter-console disarm",
    ),
    Action(
        name="release_hold",
        title="Release the HOLD",
        help="Clears the HOLD once its cause is understood. RELEASE must be typed.",
        keys=("H",),
        scope=Scope.OVERVIEW,
        short="Release HOLD",
        dangerous=True,
        writes=True,
        needs="a HOLD that is set",
        command="cutter-console hold release --confirm TEXT",
    ),
    Action(
        name="plan",
        title="Plan the document",
        help="Plans with the prefix, profile and ordinals of the form. Writes nothing.",
        keys=("p",),
        scope=Scope.DOCUMENTS,
        short="Plan",
        needs="a document that is not refused, and a prefix",
        command="cutter-console plan FILE --docprefix P",
    ),
    Action(
        name="edit_form",
        title="Change prefix, profile, ordinals",
        help="Goes to the form; Enter in it plans.",
        keys=("f",),
        scope=Scope.DOCUMENTS,
        short="Form",
    ),
    Action(
        name="pick",
        title="Back to the list of documents",
        help="Closes the plan; it is not kept.",
        keys=("b",),
        scope=Scope.DOCUMENTS,
        short="List",
    ),
    Action(
        name="compare",
        title="Difference from what is law",
        help="Shows what the text changes in the document that is law, unit by unit; again, or <pick>: back.",
        keys=("v",),
        scope=Scope.DOCUMENTS,
        short="Law",
        needs="a plan without problems of a document that is law",
        command="cutter-console plan FILE --docprefix P --against in-force",
    ),
    Action(
        name="state_moved",
        title="State a renumbering, or take it back",
        help="In the difference from what is law, on a probable renumbering: the unit goes on under its new address.",
        keys=("m",),
        scope=Scope.DOCUMENTS,
        short="Moved",
        needs="a probable renumbering under the cursor of the difference from what is law",
        command="cutter-console plan FILE --docprefix P --against in-force --moved OLD=NEW",
    ),
    Action(
        name="next_problem",
        title="Next problem",
        help="Jumps to the next problem's line in the text.",
        keys=("n",),
        scope=Scope.DOCUMENTS,
        needs="a plan with problems",
    ),
    Action(
        name="previous_problem",
        title="Previous problem",
        help="Jumps to the previous problem's line in the text.",
        keys=("N",),
        scope=Scope.DOCUMENTS,
        needs="a plan with problems",
    ),
    Action(
        name="next_suspect",
        title="Next suspect",
        help="Jumps to the next line that reads like the beginning of a unit and opens none, or was accepted.",
        keys=("x",),
        scope=Scope.DOCUMENTS,
        needs="a plan without problems",
    ),
    Action(
        name="previous_suspect",
        title="Previous suspect",
        help="Jumps to the previous line that reads like the beginning of a unit and opens none, or was accepted.",
        keys=("X",),
        scope=Scope.DOCUMENTS,
        needs="a plan without problems",
    ),
    Action(
        name="start_dry",
        title="Start a dry run",
        help="Runs the phases in read-only transactions and keeps the evidence.",
        keys=("d",),
        scope=Scope.DOCUMENTS,
        short="Dry run",
        writes=True,
        needs="a plan without problems",
        command="cutter-console run start FILE --docprefix P",
    ),
    Action(
        name="start_live",
        title="Start a LIVE run",
        help="Asks first. A LIVE run waits for SG_1 before it writes any unit.",
        keys=("L",),
        scope=Scope.DOCUMENTS,
        short="LIVE run",
        dangerous=True,
        writes=True,
        needs="a plan without problems",
        command="cutter-console run start FILE --docprefix P --live",
    ),
    Action(
        name="repeal",
        title="Repeal a document",
        help="Asks first: a dry run, or a LIVE run under both rulings that ends a document as a whole, for good.",
        keys=("R",),
        scope=Scope.DOCUMENTS,
        short="Repeal",
        dangerous=True,
        writes=True,
        needs="a document that is law",
        command="cutter-console document repeal P --live",
    ),
    Action(
        name="run_list",
        title="List all runs, or show one again",
        help="The whole screen for the list, with when, who and what waits; <find> filters it, Enter opens a run.",
        keys=("b",),
        scope=Scope.RUN,
        short="List",
        command="cutter-console run list",
    ),
    Action(
        name="go_on",
        title="Go on with the run (resume)",
        help="Resumes the run up to its next pause. A phase that writes needs the armed switch.",
        keys=("g",),
        scope=Scope.RUN,
        short="Go on",
        writes=True,
        needs="a run that is paused or was interrupted",
        command="cutter-console run resume RUN",
    ),
    Action(
        name="settle",
        title="Ask again what was committed",
        help="The answer to a COMMIT was lost. Ends the session that sent it, and asks the server for the outcome.",
        keys=("e",),
        scope=Scope.RUN,
        short="Ask again",
        writes=True,
        needs="a run with a COMMIT whose outcome is not known",
        command="cutter-console run settle RUN",
    ),
    Action(
        name="replan",
        title="Plan the run again for this server",
        help="After a promotion: marks, plans, backs up and probes again, up to SG_1, which is signed again.",
        keys=("p",),
        scope=Scope.RUN,
        short="Plan again",
        writes=True,
        needs="a run that has written no unit, planned for another timeline",
        command="cutter-console run replan RUN",
    ),
    Action(
        name="verify_again",
        title="Verify the drafts again on this server",
        help="After a promotion: compares every draft with what was signed and records it; SG_2 is signed again.",
        keys=("v",),
        scope=Scope.RUN,
        short="Verify",
        writes=True,
        needs="a run that waits for SG_2, verified on another timeline",
        command="cutter-console verify RUN",
    ),
    Action(
        name="draft",
        title="Draft the statement to sign",
        help="Writes the statement that this run waits for into approvals/ and shows it.",
        keys=("s",),
        scope=Scope.RUN,
        short="Statement",
        writes=True,
        needs="a run that waits for SG_1 or SG_2",
        command="cutter-console approval draft RUN",
    ),
    Action(
        name="arm",
        title="Arm the switch for this run",
        help="Lets this one run write, until the lease ends by itself. The run id must be typed.",
        keys=("A",),
        scope=Scope.RUN,
        short="Arm",
        dangerous=True,
        writes=True,
        needs="a recorded SG_1 (or SG_2), a proven backup, no HOLD",
        command="cutter-console arm RUN --confirm RUN",
    ),
    Action(
        name="enact",
        title="Enact what SG_2 rules",
        help="Makes the drafts the law that readers act on, or ends a repealed document. Cannot be undone. The run id must be typed.",
        keys=("E",),
        scope=Scope.RUN,
        short="Enact",
        dangerous=True,
        writes=True,
        needs="a verified draft cut, a recorded SG_2, the armed switch",
        command="cutter-console enact RUN --confirm RUN",
    ),
    Action(
        name="revert",
        title="Revert the draft cut",
        help="Marks the draft units superseded; deletes nothing. The run id must be typed.",
        keys=("U",),
        scope=Scope.RUN,
        short="Revert",
        dangerous=True,
        writes=True,
        needs="a cut whose units are all draft",
        command="cutter-console revert RUN --confirm RUN",
    ),
    Action(
        name="void",
        title="Void the run",
        help="Ends a run that has written no unit, with a reason. The run id must be typed.",
        keys=("V",),
        scope=Scope.RUN,
        short="Void",
        dangerous=True,
        writes=True,
        needs="a run that has written no unit",
        command="cutter-console run void RUN --reason TEXT",
    ),
    Action(
        name="journal_of_run",
        title="Show the run's journal",
        help="Every record of the chosen run: each intent, each result, each transaction that was noted.",
        keys=("l",),
        scope=Scope.RUN,
        short="Journal",
        needs="a chosen run",
        command="cutter-console journal show RUN",
    ),
    Action(
        name="report_of_run",
        title="Show the run's report",
        help="The newest report of the chosen run: if it is as it was written, its files and their texts.",
        keys=("o",),
        scope=Scope.RUN,
        short="Report",
        needs="a chosen run",
        command="cutter-console reports list",
    ),
    Action(
        name="report",
        title="Write the run's reports",
        help="Writes the documents of this run into reports/; the same record gives the same bytes.",
        keys=("w",),
        scope=Scope.RUN,
        short="Write report",
        writes=True,
        needs="a run that has ended, failed, or was voided or reverted",
        command="cutter-console report RUN",
    ),
    Action(
        name="check",
        title="Check the statement again",
        help="Checks the statement and the signature files beside it, one check at a time.",
        keys=("c",),
        scope=Scope.APPROVALS,
        short="Check",
        needs="a statement",
        command="cutter-console approval check STATEMENT",
    ),
    Action(
        name="import_statement",
        title="Import the signed statement",
        help="Checks the statement with its signature files, and records it only if every check passes.",
        keys=("i",),
        scope=Scope.APPROVALS,
        short="Import",
        writes=True,
        needs="a statement and one detached signature file per signer",
        command="cutter-console approval import STATEMENT SIGNATURE...",
    ),
    Action(
        name="demo_sign",
        title="Sign as the demo sovereign",
        help="DEMO ONLY: signs with the demo's throw-away key. In production a person signs elsewhere.",
        keys=("D",),
        scope=Scope.APPROVALS,
        short="Sign as the demo sovereign",
        writes=True,
        demo_only=True,
        needs="the demo, and a drafted statement",
    ),
    Action(
        name="evidence",
        title="Show the evidence of the selected gate",
        help="Each check with its query, source, answer, digest, time and duration. Esc goes back.",
        keys=("enter",),
        scope=Scope.GATES,
        short="Open",
        needs="a measured gate",
        command="cutter-console gates G3",
    ),
    Action(
        name="measure_gate",
        title="Measure the selected gate again",
        help="Measures this gate only; the others keep their last answer and its age.",
        keys=("m",),
        scope=Scope.GATES,
        short="Measure",
        needs="a measured gate",
        command="cutter-console gates G3",
    ),
    Action(
        name="filter_gates",
        title="Filter by outcome",
        help="Shows all gates, then those that are not PASS, then each outcome in turn. The title names the filter.",
        keys=("f",),
        scope=Scope.GATES,
        short="Filter",
    ),
    Action(
        name="pre_board",
        title="Show the arming checks (PRE), or the gates",
        help="What must hold before the switch is armed, for the current run if there is one.",
        keys=("p",),
        scope=Scope.GATES,
        short="Arming",
        command="cutter-console gates PRE",
    ),
    Action(
        name="bundle",
        title="Write the readiness bundle",
        help="Measures every gate and writes its documents into reports/, whole or not at all.",
        keys=("b",),
        scope=Scope.GATES,
        short="Bundle",
        writes=True,
        command="cutter-console bundle",
    ),
    *BATCH_ACTIONS,
    *CUSTODY_ACTIONS,
    *UNIT_ACTIONS,
    *JOURNAL_ACTIONS,
    *SHELF_ACTIONS,
    *HOLD_ACTIONS,
    *GUIDE_ACTIONS,
)


@dataclass(frozen=True, slots=True)
class Registry:
    """The actions that exist in this console; any other has no key, no help and no palette entry.

    `keymap` names the actions whose keys the operator has changed, each with its keys.
    """

    actions: tuple[Action, ...]
    keymap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def in_scope(self, scope: Scope) -> tuple[Action, ...]:
        """Return the actions of one screen, without the global ones."""
        return tuple(action for action in self.actions if action.scope is scope)

    def named(self, name: str) -> Action | None:
        """Return the action of this name, or None if it does not exist here."""
        return next((action for action in self.actions if action.name == name), None)

    def with_keys(self, keymap: Mapping[str, tuple[str, ...]]) -> "Registry":
        """Return the same actions with the keys of this keymap, which `read_keys` has accepted."""
        actions = (replace(action, keys=keymap.get(action.name, action.keys)) for action in self.actions)
        return Registry(tuple(actions), keymap) if keymap else self


def registry(*, read_only: bool, demo: bool) -> Registry:
    """Make the registry of one console; a read-only console has no action that is dangerous or heavy, writes or takes a path."""
    actions = tuple(
        action
        for action in ACTIONS
        if not (read_only and (action.dangerous or action.writes or action.names_a_path or action.heavy))
        and (demo or not action.demo_only)
    )
    return Registry((HOW_TO_STOP, *actions) if read_only else actions)


def with_stop(known: Registry) -> Registry:
    """Make the registry of a read-only console that can stop: the stop takes the place of the words about it."""
    others = (action for action in known.actions if action.name != HOW_TO_STOP.name)
    return replace(known, actions=(STOP_ONLY, *others))


def replay_registry() -> Registry:
    """Make the registry of a console that shows a recording."""
    return Registry((HOW_TO_STOP, *REPLAY_ACTIONS, *(action for action in ACTIONS if action.name in KEPT)))
