"""Mutants of planning: what is told as a suspect, what an acceptance may do, and that a signer is told of both."""

from mutants.mutant import Mutant

_B = "console/backend"
_D = f"{_B}/documents"
_SUSPECTS, _ACCEPTANCES = f"{_D}/suspects.py", f"{_D}/acceptances.py"
_SCANNER, _TREE, _PLANNING = f"{_D}/scanner.py", f"{_D}/tree.py", f"{_D}/planning.py"
_FURNITURE, _FOOTNOTES = f"{_D}/furniture.py", f"{_D}/footnotes.py"
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
        "    for sighting in _inside(text, nodes, lines_between):\n",
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
        'empty = {name for name in ("suspects", "acceptances", "dropped") if not fields.get(name)}',
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
)
