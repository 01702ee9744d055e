"""Parses the command line by the table of operations, and hands a typed request to the handler or opens the console."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args, get_origin

from console import __version__
from console.cli.arguments import Argument, Checked, Open, Options
from console.cli.printing import ReaderGone, Unprinted, emit, say
from console.cli.run_names import in_part, with_whole_ids
from console.cli.watching import answers

if TYPE_CHECKING:
    from console.cli.operations import Operation


_BEFORE = "installation_before"
_DIGITS = 20
_OPENING = {"--read-only", "--root", "--config", "--record", "--replay", "--no-mouse", "-P", "--installation"}


class _WrongUsage(Exception):
    """A command line that argparse refuses, with the usage of the command."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """A parser that leaves the message about wrong usage to `main`: with --json it is an object too."""

    can_be_empty: frozenset[str] = frozenset()
    """Arguments that take an empty text."""

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Refuse an empty text where a value was typed: a variable without a value must not read as "not given"."""
        # The words of a command and all behind it come as one value; its own parser reads them again.
        if action.nargs != argparse.PARSER and "" in arg_strings and action.dest not in self.can_be_empty:
            raise argparse.ArgumentError(action, "is empty: give a value, or leave it out")
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        """Raise _WrongUsage instead of ending the program."""
        raise _WrongUsage(f"{self.prog}: {message}", self.format_usage())

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help and version as every other answer is printed, so that a full disk or a closed pipe is handled."""
        (say if file is sys.stderr else emit)(message)


def _operations() -> "tuple[Operation, ...]":
    """Load the table of commands, without whose requests the console opens sooner."""
    from console.cli.operations import OPERATIONS

    return OPERATIONS


def _number(argument: Argument) -> Callable[[str], int]:
    """Return what reads the number of an argument, and refuses one that it does not take."""
    assert argument.within is not None
    first, last = argument.within

    def read(text: str) -> int:
        if text.isascii() and text.removeprefix("-").isdigit() and len(text) < _DIGITS and first <= int(text) <= last:
            return int(text)
        raise argparse.ArgumentTypeError(f"takes {first} to {last}")

    return read


def _add_arguments(parser: _Parser, request: type, *, suppress: bool = False) -> None:
    """Declare the arguments of a request from its fields; with `suppress` an option that is not given leaves no value."""
    # Many branches, but one fact each: what argparse has to be told about a field. Apart, they would need the same four values.
    fields = dataclasses.fields(request)
    parser.can_be_empty |= {field.name for field in fields if field.metadata["argument"].can_be_empty}
    for field in fields:
        argument: Argument = field.metadata["argument"]
        settings: dict[str, Any] = {"help": argument.help}
        required = field.default is dataclasses.MISSING
        if argument.metavar:
            settings["metavar"] = argument.metavar
        if argument.choices:
            settings["choices"] = argument.choices
        if Path in (field.type, *get_args(field.type)):
            settings["type"] = Path
        if int in (field.type, *get_args(field.type)):
            settings["type"] = _number(argument)
        if not argument.positional:
            settings["default"] = argparse.SUPPRESS if suppress else None if required else field.default
            settings |= {"action": "store_true"} if field.type is bool else {"required": required}
            if get_origin(field.type) is tuple:
                # Each further use adds: the last one alone would drop what the first ones said.
                settings |= {"nargs": "+", "action": "extend", "default": []}
        elif get_origin(field.type) is tuple:
            settings["nargs"] = "*"
        elif not required:
            settings |= {"nargs": "?", "default": field.default}
        if argument.short:
            settings |= {"nargs": None, "action": "append"}
        if argument.positional:
            parser.add_argument(field.name, **settings)
        else:
            # A field whose name would be a word of Python has an underscore behind it.
            forms = (argument.short, "--" + field.name.rstrip("_").replace("_", "-"))
            parser.add_argument(*filter(None, forms), dest=field.name, **settings)


def _common() -> _Parser:
    common = _Parser(add_help=False)
    # A subcommand's default would overwrite what stands before the command: `cutter-console --json status`.
    _add_arguments(common, Options, suppress=True)
    return common


def _before_the_command() -> _Parser:
    """Return the common options as they stand before a command, which would replace a list of the same name by its own."""
    common = _common()
    for action in common._actions:
        if action.dest == "installation":
            action.dest = _BEFORE
    return common


def _opening(common: _Parser) -> _Parser:
    parser = _Parser(add_help=False, parents=[common])
    _add_arguments(parser, Open)
    return parser


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every command from the table of operations."""
    common = _common()
    parser = _Parser(
        prog="cutter-console",
        description="Operator console for cuts of rules into PostgreSQL.",
        parents=[_opening(_before_the_command())],
    )
    parser.add_argument("--version", action="version", version=f"cutter-console {__version__}")
    groups: dict[tuple[str, ...], Any] = {(): parser.add_subparsers(metavar="COMMAND")}
    for operation in _operations():
        *path, word = operation.words
        parent = _group(groups, tuple(path))
        leaf = parent.add_parser(word, help=operation.help, description=operation.help, parents=[common])
        _add_arguments(leaf, operation.request)
        leaf.set_defaults(_words=operation.words, _usage=leaf.format_usage)
    return parser


def _parsed(argv: Sequence[str] | None) -> dict[str, Any]:
    """Return the parsed arguments by name. Without a command only the console's options are declared, which is faster."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if all(word in _OPENING or not word.startswith("-") for word in arguments):
        namespace, rest = _opening(_common()).parse_known_args(arguments)
        if not rest:
            return vars(namespace)
    return vars(build_parser().parse_args(arguments))


def _group(groups: dict[tuple[str, ...], Any], path: tuple[str, ...]) -> Any:
    if path not in groups:
        # Loaded for the parser of all alone, as the table is.
        from console.cli.groups import GROUPS

        text = GROUPS[path[-1]]
        group = groups[path[:-1]].add_parser(path[-1], help=text, description=text)
        groups[path] = group.add_subparsers(metavar="COMMAND", required=True)
    return groups[path]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command or open the console. Returns the exit status."""
    try:
        parsed = _parsed(argv)
    except _WrongUsage as wrong:
        return _refuse(wrong, sys.argv[1:] if argv is None else argv)
    options = _options(parsed)
    words = parsed.get("_words")
    if words is None:
        opening = Open(**{field.name: parsed[field.name] for field in dataclasses.fields(Open)})
        problem = opening.usage_problem or _badly_named(options, many=False)
        if opening.replay and options.installation:
            problem = "--replay opens a recording, and no installation: leave out -P"
        if problem:
            return _refuse(_WrongUsage(problem, ""), sys.argv[1:] if argv is None else argv)
        return _dispatch("console.app.launch:open_console", "console", options, opening, light=True)
    # For commands alone: the console has handlers of its own, on its event loop.
    from console.backend.host.signals import end_by_exception

    end_by_exception()
    operation = next(candidate for candidate in _operations() if candidate.words == words)
    fields = (field.name for field in dataclasses.fields(operation.request))
    values = {name: tuple(parsed[name]) if isinstance(parsed[name], list) else parsed[name] for name in fields}
    if (not_text := _no_text(values)) is not None:
        return _refuse(not_text, sys.argv[1:] if argv is None else argv)
    request = operation.request(**values)
    if (wrong_use := _wrong_use(operation, options, request, parsed["_usage"])) is not None:
        return _refuse(wrong_use, sys.argv[1:] if argv is None else argv)
    return _dispatch(
        operation.handler,
        operation.name,
        options,
        request,
        is_named=bool(options.installation) and not operation.names_many,
        sweeps=operation.writes and not operation.at_once,
        light=operation.light,
        dangerous=operation.dangerous,
    )


def _options(parsed: dict[str, Any]) -> Options:
    names = tuple(dict.fromkeys((*parsed.get(_BEFORE, ()), *parsed.get("installation", ()))))
    return Options(parsed.get("root"), parsed.get("config"), parsed.get("json", False), installation=names)


def _badly_named(options: Options, *, many: bool) -> str:
    """Return why -P cannot be as it is, or an empty text: an installation has a root and a configuration of its own."""
    if options.installation and (options.root or options.config):
        return "-P names a root and a configuration: leave out --root and --config"
    if len(options.installation) > 1 and not many:
        return "-P names one installation here; many at once: cutter-console fleet status"
    return ""


def _no_text(values: dict[str, Any]) -> _WrongUsage | None:
    """Return the refusal of text that is not UTF-8, or None: it would go into a plan, a statement or the database.

    Python reads such bytes of the command line as lone surrogates. A path, which is no text, may have any name.
    """
    for name, value in values.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
                return _WrongUsage(f"the argument {name} holds bytes that are not UTF-8: {text}", "")
    return None


def _wrong_use(
    operation: "Operation", options: Options, request: object, usage: Callable[[], str]
) -> _WrongUsage | None:
    """Return the refusal of arguments that do not belong together, or None: argparse knows each of them alone."""
    problem = _badly_named(options, many=operation.names_many)
    if not problem and isinstance(request, Checked):
        problem = request.usage_problem(options)
    return _WrongUsage(f"cutter-console {operation.name}: {problem}", usage()) if problem else None


def _names(arguments: Sequence[str], words: tuple[str, ...]) -> bool:
    return any(tuple(arguments[start : start + len(words)]) == words for start in range(len(arguments)))


def _refuse(wrong: _WrongUsage, arguments: Sequence[str]) -> int:
    """Say what is wrong with the command line as argparse would and, with --json, as the one object."""
    from console.backend.model.errors import StopCode, UsageError
    from console.cli.output import report_error

    # argparse has refused the command before it says which it was: the longest one that occurs is the most exact.
    named = max(
        (operation.words for operation in _operations() if _names(arguments, operation.words)), key=len, default=()
    )
    help_of = " ".join(["cutter-console", *named, "--help"])
    say(wrong.usage)
    error = UsageError(StopCode.REFUSED_INPUT, str(wrong), help_of)
    return report_error(Options(json="--json" in arguments), " ".join(named) or "usage", error)


def _dispatch(
    target: str,
    command: str,
    options: Options,
    request: object,
    *,
    is_named: bool = False,
    sweeps: bool = False,
    light: bool = False,
    dangerous: bool = False,
) -> int:
    """Import the handler, run it and return the exit status.

    `is_named`: the options are those of the installation that -P names, which may be for reading only.
    `light` leaves out the handler of log records, `sweeps` removes the leftovers of killed processes first. A `dangerous`
    command takes no `latest`, and a beginning of an id only where the id is confirmed beside it.
    """
    try:
        if not light:
            import_module("console.backend.host.memory").keep_one_heap()
        with nullcontext() if light else import_module("console.cli.logs").to_standard_error():
            if is_named:
                options = import_module("console.cli.named").chosen(options, command)
            if sweeps:
                import_module("console.cli.leftovers").sweep(options)
            if names := in_part(request):
                request = with_whole_ids(options, command, request, names, dangerous=dangerous)
            module, _, name = target.partition(":")
            return int(answers(getattr(import_module(module), name), command, options, request))
    except KeyboardInterrupt:
        say("interrupted\n")
        # 128 + SIGINT, as shells report it.
        return 130
    except (ReaderGone, Unprinted):
        raise
    except Exception as error:  # noqa: BLE001 - each is named or, as a defect of the program, kept in a log: none is hidden
        from console.cli.failures import report_failure

        return int(report_failure(options, command, error, repr(request)))
