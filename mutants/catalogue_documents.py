"""Mutants of planning: what is told as a suspect, what an acceptance may do, and that a signer is told of both."""

from mutants.mutant import Mutant

_B = "console/backend"
_D = f"{_B}/documents"
_SUSPECTS, _ACCEPTANCES = f"{_D}/suspects.py", f"{_D}/acceptances.py"
_SCANNER, _TREE, _PLANNING = f"{_D}/scanner.py", f"{_D}/tree.py", f"{_D}/planning.py"
_FURNITURE, _FOOTNOTES = f"{_D}/furniture.py", f"{_D}/footnotes.py"
_AKN = f"{_D}/akn"
_BINDINGS, _WORKSPACE = f"{_B}/approvals/bindings.py", f"{_B}/runs/workspace.py"


def _test(file: str, *names: str) -> tuple[str, ...]:
    """Return node ids of tests of the backend."""
    return tuple(f"tests/backend/{file}.py::test_{name}" for name in names)


DOCUMENTS = (
    Mutant(
        "a line that only seems a beginning is told",
        _SUSPECTS,
        "        if reason is not None:\n            reasons.setdefault(line",
        "        if False:\n            reasons.setdefault(line",
        _test("documents/test_suspects", "what_looks_like_a_paragraph_of_a_german_law_is_named"),
    ),
    Mutant(
        "a word with a slip in it is worth a closer look",
        f"{_D}/beginnings.py",
        "    mistyped = rf",
        "    mistyped = '' and rf",
        _test("documents/test_suspects", "a_word_of_a_level_with_one_slip_anywhere_is_named_where_it_stands_alone"),
    ),
    Mutant(
        "an article is no part of one of its own level",
        _TREE,
        "        if level.role is _ARTICLE and above is not None and above.level is level:\n",
        "        if False:\n",
        _test("documents/test_de_law", "what_could_be_read_in_two_ways_is_refused"),
    ),
    Mutant(
        "a heading beside groups of another level is told",
        _TREE,
        "            self.sighted(mark, SuspectReason.OTHER_DEPTH)\n",
        "            pass\n",
        _test("documents/test_suspects", "what_a_depth_has_moved_out_of_its_group_is_told"),
    ),
    Mutant(
        "a title that may be the rest of a number is told",
        _TREE,
        "and _goes_on(mark.title)",
        "and False",
        _test("documents/test_suspects", "an_article_whose_title_may_be_the_rest_of_its_number_is_told"),
    ),
    Mutant(
        "a text with numbers is no page",
        f"{_D}/page.py",
        " or _NUMBERED.search(text, front_end):",
        ":",
        _test("documents/test_atx", "a_text_that_may_have_parts_is_no_page"),
    ),
    Mutant(
        "a number within a line is told",
        _SUSPECTS,
        "    for sighting in _inside(text, nodes, lines):\n",
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
        'empty = {name for name in ("suspects", "acceptances", "dropped", "omissions") if not fields.get(name)}',
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
        "        if sha256_hex(data) != request.accept_sha256:\n",
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
        "the signed number of dropped spans is the plan's",
        _BINDINGS,
        '        ("n_dropped", str(statement.n_dropped), str(facts.n_dropped)),\n',
        "",
        _test("approvals/test_statement", "each_binding_is_checked_by_itself[n_dropped]"),
    ),
    Mutant(
        "a running head is one only beside a number that goes on",
        _FURNITURE,
        "        if fitting:\n            chosen.append((head, *fitting[0]))\n",
        "        chosen.append((head, *(fitting or head.numbers or [((chosen or [(0, 0)])[-1][1] + 1, head.line)])[0]))\n",
        _test("documents/test_furniture", "a_head_whose_number_does_not_go_on_stays_in_the_text"),
    ),
    Mutant(
        "a footnote has its mark on the page",
        _FOOTNOTES,
        '            if (gone or marks.is_seen(match["mark"])) and ',
        "            if ",
        _test("documents/test_furniture", "a_footnote_that_is_not_certain_refuses_the_text"),
    ),
    Mutant(
        "a dropped span is what the plan says of it",
        f"{_B}/documents/coverage.py",
        "        elif sha256_hex(data) != span.sha256:\n",
        "        elif False:\n",
        _test("documents/test_furniture", "a_changed_list_of_what_is_dropped_is_no_lossless_plan"),
    ),
    Mutant(
        "the rest of a footnote is told from law by its type, its end or a rule",
        _FOOTNOTES,
        "        return smaller or (closes and numbered) or self._is_ruled(block)\n",
        "        return True\n",
        _test("documents/test_furniture", "a_footnote_whose_rest_nothing_tells_refuses_the_text"),
    ),
    Mutant(
        "a document type declaration is refused",
        f"{_AKN}/parsing.py",
        '    if text.startswith("<!", end):\n',
        "    if False:\n",
        _test("documents/test_akn_attacks", "a_document_type_declaration_is_refused_and_nothing_is_read"),
    ),
    Mutant(
        "a line that only an attribute states does not become law",
        f"{_AKN}/structure.py",
        '        if _WORD.sub("", source) != _WORD.sub("", head):\n',
        "        if False:\n",
        _test("documents/test_akn_intake", "a_stated_line_that_the_markup_does_not_show_is_refused"),
    ),
    Mutant(
        "an eId that states another number is refused",
        f"{_AKN}/structure.py",
        "        if label and contradicts(label, local(element), eid):\n",
        "        if False:\n",
        _test("documents/test_akn_intake", "what_the_markup_contradicts_or_leaves_open_is_refused_with_its_line"),
    ),
    Mutant(
        "a part that stays in the text of its unit is told",
        f"{_AKN}/structure.py",
        "            self.notices.append(Notice(index, len(lines), SuspectReason.TEXT_FOLLOWS))\n",
        "            pass\n",
        _test("documents/test_akn_intake", "text_behind_the_parts_of_a_unit_keeps_them_in_its_text_and_tells_them"),
    ),
    Mutant(
        "a stated address of another place is refused",
        f"{_AKN}/intake.py",
        "        elif above not in {self._prefix, *self._around(piece)}:\n",
        "        elif False:\n",
        _test("documents/test_akn_intake", "an_address_of_another_place_or_number_is_refused"),
    ),
    Mutant(
        "a unit within text is refused",
        f"{_AKN}/blocks.py",
        "        if tag in HIERARCHY and not self._quoted:\n",
        "        if False:\n",
        _test("documents/test_akn_intake", "what_the_markup_contradicts_or_leaves_open_is_refused_with_its_line"),
    ),
    Mutant(
        "drafts are exported only when asked for",
        f"{_B}/runs/stored_document.py",
        "    if drafts and not with_drafts:\n",
        "    if False:\n",
        ("tests/cli/test_export.py::test_drafts_are_exported_when_asked_for_and_say_so",),
    ),
    Mutant(
        "the order of an export is that of the recorded plan",
        f"{_B}/runs/stored_document.py",
        '        if not workspace.has_whole("plan.json", run.plan_digest):\n',
        "        if False:\n",
        ("tests/cli/test_export.py::test_without_the_plan_that_the_database_recorded_the_order_is_not_guessed",),
    ),
    Mutant(
        "acceptances of another text are not tried",
        _ACCEPTANCES,
        "    if digest != stated:\n",
        "    if False:\n",
        _test("documents/test_acceptances", "a_proposal_names_its_text_and_is_refused_for_any_other"),
    ),
    Mutant(
        "a run's acceptances are for its pinned text",
        _WORKSPACE,
        "        return acceptances_for(self.source(), data, ACCEPT_FILE, limits)\n",
        "        from console.backend.documents.acceptances import parse_acceptances\n\n        return parse_acceptances(data, ACCEPT_FILE)\n",
        _test(
            "runs/test_accepted_findings",
            "a_text_that_changes_between_the_start_and_the_source_pin_is_not_marked_with_its_acceptances",
        ),
    ),
)
