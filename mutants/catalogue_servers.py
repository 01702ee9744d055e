"""Protections that concern the server a console meets: its standbys and the line to it."""

from mutants.mutant import Mutant

_REPLICATION, _CHECKS = "console/backend/model/replication.py", "console/backend/gates/arming_checks.py"
_OF_RUNS, _OF_THE_MODEL = "tests/backend/runs/test_replication.py", "tests/backend/model/test_replication.py"
_WOULD_WAIT = (f"{_OF_RUNS}::test_nothing_is_armed_or_enacted_whose_commit_would_wait_without_an_end",)
_COULD_BE_LOST = (f"{_OF_RUNS}::test_what_could_be_lost_is_said_before_a_cut_wherever_one_is_decided_on",)
_JUDGED = (f"{_OF_THE_MODEL}::test_what_is_measured_is_judged",)

SERVERS = (
    Mutant(
        "standbys: one that is named and missing refuses",
        _REPLICATION,
        "    if len(confirming) + len(hidden) < demand.number:\n",
        "    if False:\n",
        (*_WOULD_WAIT, *_JUDGED),
    ),
    Mutant(
        "standbys: they are asked before a cut is armed",
        _CHECKS,
        "    _PLAN,\n    _STANDBYS,\n)",
        "    _PLAN,\n)",
        (*_WOULD_WAIT, *_COULD_BE_LOST),
    ),
    Mutant(
        "standbys: they are asked before an enactment",
        _CHECKS,
        "AGAIN: tuple[Item, ...] = (_AUTHORITY, _GRANTS, _TREE, _SWITCH, _PLAN, _STANDBYS)",
        "AGAIN: tuple[Item, ...] = (_AUTHORITY, _GRANTS, _TREE, _SWITCH, _PLAN)",
        _WOULD_WAIT,
    ),
    Mutant(
        "standbys: one that confirms nothing can lose an acknowledged cut",
        _REPLICATION,
        "    may_lack = tuple(standby for standby in standbys if standby not in confirming)\n",
        "    may_lack = ()\n",
        _JUDGED,
    ),
    Mutant(
        "standbys: of a quorum any may lack the last COMMIT",
        _REPLICATION,
        "    if demand.is_any and len(confirming) > demand.number:\n",
        "    if False:\n",
        _JUDGED,
    ),
    Mutant(
        "standbys: one that may not be seen does not confirm",
        _REPLICATION,
        "    if hidden:\n",
        "    if False:\n",
        (f"{_OF_RUNS}::test_a_standby_that_confirms_is_told_from_one_that_may_not_be_seen",),
    ),
    Mutant(
        "standbys: a run records what its COMMIT waited for",
        "console/backend/runs/preflight.py",
        "*_preflight(context, document), partial(_standbys, context))",
        "*_preflight(context, document))",
        _COULD_BE_LOST,
    ),
)
