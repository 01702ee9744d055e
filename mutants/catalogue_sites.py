"""Protections of a database that was there before."""

from mutants.mutant import Mutant

_B = "console/backend"
_SITE, _CHECK = f"{_B}/runs/site.py", f"{_B}/runs/site_check.py"
_PROPOSAL, _SCRIPT = f"{_B}/postgres/site_proposal.py", f"{_B}/postgres/site_script.py"


def _test(file: str, *names: str) -> tuple[str, ...]:
    """Return node ids of tests of a database that was there before."""
    return tuple(f"tests/adoption/test_{file}.py::test_{name}" for name in names)


SITES = (
    Mutant(
        "rows that row security filters are not counted as all rows",
        _PROPOSAL,
        "    if table.guarded:\n",
        "    if False:\n",
        _test("mapping", "rows_that_row_security_may_hide_are_not_counted"),
    ),
    Mutant(
        "a column of another type than it was mapped with is not read",
        _PROPOSAL,
        "    if row.type != mapped.type:\n",
        "    if False:\n",
        _test("mapping", "a_column_with_another_type_than_the_kept_mapping_has_is_named"),
    ),
    Mutant(
        "a table that the role may not read has no count",
        _PROPOSAL,
        "    if not table.readable:\n",
        "    if False:\n",
        _test("mapping", "what_the_role_may_not_read_is_inconclusive_and_never_a_number"),
    ),
    Mutant(
        "no gate connects as a role that belongs to the organisation",
        f"{_B}/gates/probe.py",
        "        self.require_own_layout()\n        if self.read_only:",
        "        if self.read_only:",
        _test("reading", "no_session_is_opened_as_a_role_whose_name_the_organisation_uses"),
    ),
    Mutant(
        "connections are not judged by this product's roles in another layout",
        f"{_B}/gates/connections.py",
        "    if lines[0].other_layout:\n",
        "    if False:\n",
        _test("reading", "no_gate_passes_by_a_question_that_means_something_else_there"),
    ),
    Mutant(
        "the inventory's file is the one whose digest is pinned",
        f"{_B}/host/site_files.py",
        "    if sha256_hex(raw) != pinned:\n",
        "    if False:\n",
        _test("reading", "an_inventory_that_was_changed_or_taken_away_is_no_pass"),
    ),
    Mutant(
        "drift without a pinned inventory is not measured",
        _SITE,
        "    if not pinned:\n        message",
        "    if False:\n        message",
        _test("reading", "drift_is_compared_with_the_inventory_that_this_host_has_pinned"),
    ),
    Mutant(
        "the site mapping is part of the pinned inventory",
        f"{_B}/postgres/site_inventory.py",
        '"{mapping_sha256 or "none"}"]',
        '"none"]',
        _test("mapping", "a_change_of_the_kept_mapping_is_a_drift_of_the_pinned_inventory"),
    ),
    Mutant(
        "the read-only console refuses a role with a right to write in another layout",
        _SITE,
        "    if rights:\n",
        "    if False:\n",
        _test("mapping", "what_is_in_the_way_of_reading_alone_is_named"),
    ),
    Mutant(
        "the proofs of a mapping are rolled back",
        _CHECK,
        "                connection.rollback()\n",
        "                pass\n",
        _test("check_and_apply", "the_mapping_is_proved_by_writes_that_leave_nothing"),
    ),
    Mutant(
        "no proof of a mapping is tried under a HOLD",
        _CHECK,
        "    require_no_hold(installation)\n    proofs",
        "    proofs",
        _test("check_and_apply", "under_a_hold_nothing_is_tried"),
    ),
    Mutant(
        "a creation that adds other rows is no proof",
        _CHECK,
        "        if moved.get(table, 0) != expected.get(table, 0)\n",
        "        if False\n",
        _test(
            "check_and_apply", "a_proof_that_does_not_hold_is_named_with_what_the_function_said[a trigger that logs]"
        ),
    ),
    Mutant(
        "the gates at the end of a transaction are part of the proof",
        f"{_B}/postgres/site_functions.py",
        'connection.execute("SET CONSTRAINTS ALL IMMEDIATE")',
        'connection.execute("SELECT 1")',
        _test("check_and_apply", "a_proof_that_does_not_hold_is_named_with_what_the_function_said[a late gate]"),
    ),
    Mutant(
        "the printed script refuses another database",
        _SCRIPT,
        "    IF pg_catalog.current_database() <> {database} THEN",
        "    IF false THEN",
        _test("check_and_apply", "the_script_of_another_database_is_refused_by_itself"),
    ),
    Mutant(
        "the inspection is refused on this product's own database",
        f"{_B}/runs/site_inspection.py",
        "        if not is_of_another_layout(connection):\n",
        "        if False:\n",
        _test("mapping", "a_database_of_this_products_own_is_not_inspected"),
    ),
)
