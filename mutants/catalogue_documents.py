"""Mutants of planning: what is told as a suspect, what an acceptance may do, and that a signer is told of both."""

from mutants.mutant import Mutant

_B = "console/backend"
_D = f"{_B}/documents"
_SUSPECTS, _ACCEPTANCES = f"{_D}/suspects.py", f"{_D}/acceptances.py"
_SCANNER, _TREE, _PLANNING = f"{_D}/scanner.py", f"{_D}/tree.py", f"{_D}/planning.py"
_OWN_PROFILES, _OWN_PLANNING = f"{_D}/own_profiles.py", f"{_D}/own_planning.py"
_BINDINGS, _WORKSPACE = f"{_B}/approvals/bindings.py", f"{_B}/runs/workspace.py"


def _test(file: str, *names: str) -> tuple[str, ...]:
    """Return node ids of tests of the backend."""
    return tuple(f"tests/backend/{file}.py::test_{name}" for name in names)


DOCUMENTS = (
    Mutant(
        "a line that only seems a beginning is told",
        _SUSPECTS,
        "        if reason is not None:\n            reasons.setdefault(candidate",
        "        if False:\n            reasons.setdefault(candidate",
        _test("documents/test_suspects", "what_looks_like_a_paragraph_of_a_german_law_is_named"),
    ),
    Mutant(
        "a number within a line is told",
        _SUSPECTS,
        "    for sighting in _inside(text, nodes):\n",
        "    for sighting in ():\n",
        _test("documents/test_suspects", "a_number_within_a_line_is_named"),
    ),
    Mutant(
        "another space or a look-alike letter hides no unit",
        _SCANNER,
        "                mark = self._mark(folded, start) or mark\n",
        "                pass\n",
        _test("documents/test_suspects", "a_clause_in_another_spelling_opens_its_unit"),
    ),
    Mutant(
        "units are not taken for front matter",
        _SCANNER,
        "if front and not _holds_units(text, front.end(), matcher) else 0",
        "if front else 0",
        _test("documents/test_suspects", "front_matter_holds_no_units"),
    ),
    Mutant(
        "a regulation is one only where something attaches it",
        _SCANNER,
        "            if not confirming.match(",
        "            if False and not confirming.match(",
        _test("documents/test_vi_law", "a_regulation_that_nothing_attaches_is_text"),
    ),
    Mutant(
        "a missing number is told where gaps are allowed",
        _TREE,
        "        if verdict is _FITS and level.numbering is not _UNNUMBERED and not sequence.expects(number):\n",
        "        if False:\n",
        _test("documents/test_suspects", "a_missing_number_is_told_where_the_profile_allows_it"),
    ),
    Mutant(
        "among marked articles an unmarked group is text",
        _TREE,
        "        in_text = articles_are_headings and ",
        "        in_text = False and ",
        _test("documents/test_suspects", "an_unmarked_group_among_marked_articles_is_text_and_told"),
    ),
    Mutant(
        "suspects are bounded",
        _PLANNING,
        "    if len(scanned.candidates) + len(scanned.sightings) > ",
        "    if 0 * len(scanned.candidates) > ",
        _test("documents/test_suspects", "a_text_of_nothing_but_suspects_is_refused_before_it_fills_the_memory"),
    ),
    Mutant(
        "the digest of a plan without suspects stays what was signed",
        f"{_B}/model/plan.py",
        'empty = {name for name in ("suspects", "acceptances", "profile_sha256") if not fields.get(name)}',
        "empty: set[str] = set()",
        _test("documents/test_suspects", "suspects_are_part_of_what_is_signed"),
    ),
    Mutant(
        "an acceptance that meets no finding is refused",
        _ACCEPTANCES,
        "            if (acceptance.code, acceptance.line) not in self._met\n",
        "            if False\n",
        _test("documents/test_acceptances", "an_acceptance_of_a_sound_text_is_refused"),
    ),
    Mutant(
        "a finding is accepted once",
        _ACCEPTANCES,
        "        if first != number:\n",
        "        if False:\n",
        _test("documents/test_acceptances", "an_unfit_accept_file_is_refused_with_its_entry_and_what_to_do"),
    ),
    Mutant(
        "a run reads the accept file that it was started with",
        _WORKSPACE,
        "        if sha256_hex(data) != sha256:\n",
        "        if False:\n",
        _test("runs/test_accepted_findings", "another_accept_file_is_never_read_in_the_place_of_the_first"),
    ),
    Mutant(
        "the signed number of suspects is the plan's",
        _BINDINGS,
        '        ("n_suspects", str(statement.n_suspects), str(facts.n_suspects)),\n',
        "",
        _test("approvals/test_statement", "each_binding_is_checked_by_itself[n_suspects]"),
    ),
    Mutant(
        "the signed number of acceptances is the plan's",
        _BINDINGS,
        '        ("n_acceptances", str(statement.n_acceptances), str(facts.n_acceptances)),\n',
        "",
        _test("approvals/test_statement", "each_binding_is_checked_by_itself[n_acceptances]"),
    ),
    Mutant(
        "the file of an own profile is part of the plan",
        _PLANNING,
        "        profile_sha256=request.profile_sha256,\n",
        "",
        _test("documents/test_own_profiles", "every_byte_of_the_file_is_part_of_the_plans_digest"),
    ),
    Mutant(
        "an own profile has no shipped name",
        _OWN_PROFILES,
        '        if os.path.lexists(folder / f"{base}{SUFFIX}"):\n',
        "        if False:\n",
        _test("documents/test_own_profiles", "a_shipped_name_cannot_be_shadowed"),
    ),
    Mutant(
        "an own profile that others can write is not trusted",
        _OWN_PROFILES,
        "    if status.st_mode & _WRITABLE_BY_OTHERS:\n",
        "    if False:\n",
        _test("documents/test_own_profiles", "a_file_that_cannot_be_trusted_is_refused"),
    ),
    Mutant(
        "no link leads to an own profile",
        _OWN_PROFILES,
        "os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.open(path.name, os.O_RDONLY | os.O_NONBLOCK",
        _test("documents/test_own_profiles", "a_file_that_cannot_be_trusted_is_refused"),
    ),
    Mutant(
        "an own profile's process is believed for this request alone",
        _OWN_PLANNING,
        "    if expected != request or plan.source != source:\n",
        "    if False:\n",
        _test("documents/test_own_profiles", "an_answer_is_believed_only_if_it_cuts_these_bytes"),
    ),
    Mutant(
        "the cut by an own profile is checked by the console itself",
        _OWN_PLANNING,
        "(*answer.problems, *check_algebra(plan, canonical, limits))",
        "answer.problems",
        _test("documents/test_own_profiles", "a_plan_whose_spans_were_moved_is_not_believed"),
    ),
    Mutant(
        "an own profile's pattern that takes for ever hears the alarm",
        f"{_D}/time_limit.py",
        "    signal.setitimer(signal.ITIMER_REAL, seconds)\n",
        "",
        _test("documents/test_own_profiles", "a_folder_is_planned_by_an_own_profile_and_a_slow_document_is_named"),
    ),
    Mutant(
        "the signed own profile is the run's",
        _BINDINGS,
        "        *_own_profile(statement, facts),\n",
        "",
        _test("approvals/test_statement", "the_own_profile_that_was_signed_is_the_runs"),
    ),
    Mutant(
        "an own profile that was edited since the plan was shown starts nothing",
        f"{_B}/runs/lifecycle.py",
        "    if request.profile_sha256 and request.profile_sha256 != profile.sha256:\n",
        "    if False:\n",
        _test("runs/test_own_profiles", "a_profile_that_was_edited_since_the_plan_was_shown_starts_nothing"),
    ),
    Mutant(
        "a run whose own profile is another one offers no move that needs the plan",
        f"{_B}/runs/run_views.py",
        "    profile = not profile_sha256 or workspace.has_whole(PROFILE_FILE, profile_sha256)\n",
        "    profile = True\n",
        _test("runs/test_own_profiles", "a_run_that_waits_offers_only_what_needs_no_plan_once_its_profile_is_another"),
    ),
    Mutant(
        "the levels of an option are there only if it is chosen",
        f"{_D}/profiles/__init__.py",
        '        fields["level"] = tuple(level for level in self.level if not level.option or level.option in options)\n',
        "",
        _test(
            "documents/test_profile_options",
            "each_shipped_name_is_a_profile_with_that_name_and_no_level_of_another_option",
        ),
    ),
    Mutant(
        "an item of a list whose indentation says another place is refused",
        _TREE,
        "        if level.list_item:\n            self._check_indentation(",
        "        if False:\n            self._check_indentation(",
        _test("documents/test_profile_options", "a_list_that_is_ambiguous_is_refused_with_its_line"),
    ),
    Mutant(
        "text behind a list is told",
        _PLANNING,
        ", *behind_lists(text.text, nodes)]",
        "]",
        _test("documents/test_suspects", "text_behind_a_list_is_named"),
    ),
    Mutant(
        "a number behind the beginning of a paragraph opens no item",
        _SCANNER,
        "            and not is_item\n",
        "",
        _test("documents/test_profile_options", "a_list_that_is_ambiguous_is_refused_with_its_line"),
    ),
)
