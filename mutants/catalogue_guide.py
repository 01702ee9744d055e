"""Protections of Help: what is typed stays inert, a question mark stays a letter, a copied command acts where the console does."""

from mutants.mutant import Mutant


def _screen(name: str) -> tuple[str, ...]:
    return (f"tests/screens/test_guide.py::test_{name}",)


GUIDE = (
    Mutant(
        "help: what is searched is inert in the border",
        "console/widgets/narrowing.py",
        "shortened(safe_text(needle.text), max(room, 4))",
        "shortened(needle.text, max(room, 4))",
        _screen("a_search_that_is_hostile_is_inert_wherever_it_stands"),
    ),
    Mutant(
        "help: what no page has is inert",
        "console/screens/guide_text.py",
        'f"No page has {safe_text(needle.text)}."',
        'f"No page has {needle.text}."',
        _screen("a_search_that_is_hostile_is_inert_wherever_it_stands"),
    ),
    Mutant(
        "help: in a dialog without a STOP code a question mark opens nothing",
        "console/screens/dialog.py",
        '(action != "explain" or bool(self.stop_code)) and',
        "True and",
        _screen("in_a_dialog_without_a_code_a_question_mark_opens_nothing"),
    ),
    Mutant(
        "help: a command is copied as it must be typed for this root",
        "console/screens/guide.py",
        "self.console.full_command(command)",
        "command",
        _screen("y_copies_the_command_of_the_line_as_it_must_be_typed_and_big_y_the_chapter"),
    ),
    Mutant(
        "help: the printed commands are those of this root",
        "console/cli/guide.py",
        "as_typed(options, line) for line in lines",
        "line for line in lines",
        ("tests/cli/test_guide.py::test_its_commands_are_printed_as_they_must_be_typed_for_another_root",),
    ),
    Mutant(
        "an empty text that was typed is refused",
        "console/cli/command_line.py",
        'if action.nargs != argparse.PARSER and "" in arg_strings and action.dest not in self.can_be_empty:',
        "if False:",
        (
            "tests/cli/test_typed_values.py::test_an_empty_text_is_refused_by_every_argument",
            "tests/cli/test_typed_values.py::test_an_empty_text_is_refused_before_a_command_and_of_the_console",
        ),
    ),
    Mutant(
        "a panic is not refused for an empty reason",
        "console/cli/run_requests.py",
        "can_be_empty=True",
        "can_be_empty=False",
        ("tests/cli/test_typed_values.py::test_a_panic_takes_a_reason_without_a_word",),
    ),
    Mutant(
        "an option takes the numbers that it says",
        "console/cli/command_line.py",
        " and first <= int(text) <= last:",
        ":",
        ("tests/cli/test_typed_values.py::test_every_number_says_which_it_takes_and_takes_no_other",),
    ),
    Mutant(
        "the first of two moments is not the later one",
        "console/backend/runs/state_comparison.py",
        "    if old > new:",
        "    if False:",
        ("tests/cli/test_states.py::test_the_first_of_two_moments_is_not_the_later_one",),
    ),
    Mutant(
        "the text of an amendment of one unit is no document of the intake folder",
        "console/backend/runs/derived_texts.py",
        '_FOLDER = ".derived"',
        '_FOLDER = "derived"',
        ("tests/cli/test_units.py::test_a_unit_is_retired_and_another_superseded_by_amendments_of_the_exact_text",),
    ),
    Mutant(
        "status knows a name that is for reading only",
        "console/cli/database.py",
        "backend_of(options, read_only=is_for_reading(options)).status()",
        "backend_of(options).status()",
        ("tests/cli/test_fleet.py::test_status_says_if_the_name_is_for_reading_only",),
    ),
    Mutant(
        "a file that is not there is no statement to be drafted again",
        "console/cli/authority.py",
        "    if statement.is_file():",
        "    if True:",
        ("tests/cli/test_rulings.py::test_a_file_that_is_no_statement_is_not_to_be_drafted_again",),
    ),
)
