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
)
