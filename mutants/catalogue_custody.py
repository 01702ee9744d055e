"""Protections of runs that change hands: the fence in the database, and what is verified of a bundle before it is taken."""

from pathlib import Path

from mutants.mutant import Mutant

_FOLDER = "console/backend/postgres/migrations"
(_SQL,) = (f"{_FOLDER}/{path.name}" for path in (Path(__file__).parents[1] / _FOLDER).glob("*_custody.sql"))
_BUNDLE = "console/backend/runs/run_bundle.py"
_ACCEPTING = "console/backend/runs/accepting.py"


def _taken(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_takeover.py::test_{name}",)


def _attack(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_bundle_attacks.py::test_{name}",)


def _by_password(name: str) -> tuple[str, ...]:
    return (f"tests/attacks/test_custody.py::test_{name}",)


CUSTODY = (
    Mutant(
        "custody: a run that has changed hands takes no event without the holder's key",
        _SQL,
        "IF r.holder_event IS NOT NULL AND NOT is_vouched THEN",
        "IF false THEN",
        _taken("the_fence_stands_in_the_database"),
    ),
    Mutant(
        "custody: a change of hands is no other step's event",
        _SQL,
        "IF p_event ->> 'phase' IN ('hand over', 'accept', 'take over') THEN",
        "IF false THEN",
        _taken("a_change_of_hands_is_written_by_its_own_function_alone[take over]"),
    ),
    Mutant(
        "custody: only its holder hands a run over",
        _SQL,
        "    IF NOT is_ours THEN\n",
        "    IF false THEN\n",
        _by_password("a_run_is_handed_over_by_its_holder_alone"),
    ),
    Mutant(
        "custody: only the bundle that was handed over last is accepted",
        _SQL,
        "    IF handed.record ->> 'bundle' IS DISTINCT FROM p_bundle\n       OR handed.id IS NULL\n",
        "    IF false\n",
        _by_password("only_the_bundle_of_the_hand_over_is_accepted"),
    ),
    Mutant(
        "custody: the number of the new key is the one that is due",
        _SQL,
        "    IF p_event ->> 'number' IS DISTINCT FROM number::text THEN",
        "    IF false THEN",
        _by_password("a_key_is_locked_for_the_event_that_is_due"),
    ),
    Mutant(
        "custody: the lease ends where a run changes hands",
        _SQL,
        "IN (r.run_id, cutter_console.fn_batch_of(r.run_id))\n                     FOR UPDATE);",
        "IN (r.run_id) AND false\n                     FOR UPDATE);",
        _by_password("the_lease_ends_with_the_change"),
    ),
    Mutant(
        "custody: sessions of the former holder are ended",
        "console/backend/runs/takeover.py",
        "            _end_sessions(installation, journal, run_id)\n",
        "",
        _taken("the_session_of_the_former_lease_is_ended"),
    ),
    Mutant(
        "custody: what another console holds is offered to nobody else",
        "console/backend/runs/moves.py",
        "    if facts.is_fenced:\n",
        "    if False:\n",
        _taken("a_run_that_was_taken_over_ends_there_and_not_here[waits for SG_1]"),
    ),
    Mutant(
        "custody: a member of a bundle is a plain file",
        _BUNDLE,
        "    if not is_ours:\n",
        "    if False:\n",
        _attack("anything_but_a_plain_file_is_refused[another mode]"),
    ),
    Mutant(
        "custody: a member of a bundle has a plain name",
        _BUNDLE,
        "    if not is_member_name(name):\n",
        "    if False:\n",
        _attack("a_bundle_that_was_changed_is_refused_and_leaves_nothing[a path upwards]"),
    ),
    Mutant(
        "custody: a member of a bundle is there once",
        _BUNDLE,
        "    if any(member.name == name for member in members):\n",
        "    if False:\n",
        _attack("a_bundle_that_was_changed_is_refused_and_leaves_nothing[a file twice]"),
    ),
    Mutant(
        "custody: a bundle has limits",
        _BUNDLE,
        "    if size > MOST_MEMBER_BYTES or total > MOST_BYTES:\n",
        "    if False:\n",
        _attack("limits_of_number_and_length_hold"),
    ),
    Mutant(
        "custody: each member of a bundle is the one of the manifest",
        _BUNDLE,
        "        if (wanted := listed[member.name]) != member:\n",
        "        if (wanted := listed[member.name]) is None:\n",
        _attack("a_bundle_that_was_changed_is_refused_and_leaves_nothing[a bit of the plan]"),
    ),
    Mutant(
        "custody: the manifest of a bundle is the one that was handed over",
        _ACCEPTING,
        "    if handed is None or handed.bundle != manifest.digest:\n",
        "    if handed is None:\n",
        _attack("a_bundle_that_fits_another_manifest_is_not_the_one_that_was_handed_over[another plan]"),
    ),
)
