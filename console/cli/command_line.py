"""Argument parsing only: makes a typed request and hands it to the command, or opens the console."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from console import __version__
from console.backend.model.gate_table import gate_range
from console.backend.model.profile_names import DEFAULT_PROFILE, PROFILE_NAMES
from console.cli import operations as ask
from console.cli.command_registry import COMMANDS
from console.cli.printing import ReaderGone, Unprinted, emit, say


class _WrongUsage(Exception):
    """What argparse refuses, and the usage of the command that it refused."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """A parser that leaves it to `main` to say what is wrong: with --json that is an object too."""

    def error(self, message: str) -> NoReturn:
        """Raises _WrongUsage."""
        raise _WrongUsage(f"{self.prog}: {message}", self.format_usage())

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version go the way of every other answer."""
        (say if file is sys.stderr else emit)(message)


@dataclasses.dataclass(frozen=True, slots=True)
class _Route:
    """Where a command lives, what it is asked with, and its arguments."""

    target: str
    request: type
    arguments: Callable[[_Parser], None] = lambda _parser: None


def _run(parser: _Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="the run's id")


def _confirmed(parser: _Parser) -> None:
    _run(parser)
    parser.add_argument("--confirm", default="", metavar="RUN", help="the run's id again, typed")


def _void(parser: _Parser) -> None:
    _run(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT")


def _document(parser: _Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="the document: Markdown or text")
    parser.add_argument("--docprefix", required=True, metavar="P", help="upper-case prefix of its addresses")
    parser.add_argument("--profile", choices=PROFILE_NAMES, default=DEFAULT_PROFILE)
    parser.add_argument("--ordinals", action="store_true", help="number repeated headings instead of refusing them")


def _plan(parser: _Parser) -> None:
    _document(parser)
    parser.add_argument("--out", type=Path, metavar="PLAN", help="keep the plan in a new file")


def _start(parser: _Parser) -> None:
    _document(parser)
    parser.add_argument("--live", action="store_true", help="may write, after SG_1; without it nothing can be written")


def _statement(parser: _Parser) -> None:
    parser.add_argument("statement", type=Path, metavar="STATEMENT")


def _draft(parser: _Parser) -> None:
    _run(parser)
    parser.add_argument("--revert", action="store_true", help="the statement that takes exactly the run's drafts back")


def _pin_policy(parser: _Parser) -> None:
    parser.add_argument("--confirm", default="", metavar="DIGEST", help="the policy's sha256, typed")


def _withdraw(parser: _Parser) -> None:
    parser.add_argument("fingerprint", metavar="FINGERPRINT")
    parser.add_argument("--reason", required=True, metavar="TEXT")
    parser.add_argument("--confirm", default="", metavar="FINGERPRINT", help="the fingerprint, typed again")


def _import(parser: _Parser) -> None:
    _statement(parser)
    parser.add_argument(
        "signatures", type=Path, nargs="*", metavar="SIGNATURE", help="none: those beside the statement"
    )


def _panic(parser: _Parser) -> None:
    parser.add_argument("--reason", default="", metavar="TEXT")


def _release(parser: _Parser) -> None:
    parser.add_argument("--confirm", default="", metavar="RELEASE", help="the word RELEASE, typed")


def _file(parser: _Parser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")


def _migrate(parser: _Parser) -> None:
    parser.add_argument(
        "--accept", default="", metavar="DIGEST", help="the schema digest of a drift that is to be the installed state"
    )


def _demo(parser: _Parser) -> None:
    parser.add_argument("--tour", action="store_true", help="the main job without a screen, a line a step")


def _register(parser: _Parser) -> None:
    parser.add_argument("--docprefix", required=True, metavar="P")
    parser.add_argument("--query", required=True, metavar="SQL", help="gives one row with one text")
    parser.add_argument("--profile", choices=PROFILE_NAMES, default=DEFAULT_PROFILE)


def _init(parser: _Parser) -> None:
    parser.add_argument("--pin", action="store_true", help="measure host, database and release, and pin them")
    parser.add_argument("--repin", action="store_true", help="with --pin: a pin that is set may become another one")


def _manifest(parser: _Parser) -> None:
    parser.add_argument("--junit", type=Path, metavar="FILE", help="the test run's JUnit file")
    parser.add_argument("--out", type=Path, default=Path("deploy-manifest.json"), metavar="FILE")


def _gates(parser: _Parser) -> None:
    parser.add_argument("names", nargs="*", metavar="GATE", help=f"{gate_range()}, or PRE; none: {gate_range()}")
    parser.add_argument("--run", default="", metavar="RUN", help="the run that PRE is asked for")


def _bundle(parser: _Parser) -> None:
    parser.add_argument("--sign", default="", metavar="FPR", help="a key of this host's own that signs SHA256SUMS")


_ROUTES: dict[tuple[str, ...], _Route] = {
    ("demo",): _Route("console.demo.command:run", ask.Demo, _demo),
    ("init",): _Route("console.cli.pinning:init", ask.Init, _init),
    ("migrate",): _Route("console.cli.database:migrate", ask.Migrate, _migrate),
    ("status",): _Route("console.cli.database:status", ask.Nothing),
    ("gates",): _Route("console.cli.readiness:gates", ask.Gates, _gates),
    ("counts",): _Route("console.cli.database:counts", ask.Nothing),
    ("drift",): _Route("console.cli.database:drift", ask.Nothing),
    ("document", "register"): _Route("console.cli.database:register", ask.RegisterDocument, _register),
    ("plan",): _Route("console.cli.plans:plan", ask.PlanFile, _plan),
    ("run", "start"): _Route("console.cli.runs:start", ask.StartRun, _start),
    ("run", "list"): _Route("console.cli.runs:list_all", ask.Nothing),
    ("run", "show"): _Route("console.cli.runs:show", ask.OneRun, _run),
    ("run", "resume"): _Route("console.cli.runs:resume", ask.OneRun, _run),
    ("run", "settle"): _Route("console.cli.runs:settle", ask.OneRun, _run),
    ("run", "void"): _Route("console.cli.runs:void", ask.VoidRun, _void),
    ("approval", "draft"): _Route("console.cli.authority:draft", ask.DraftStatement, _draft),
    ("approval", "check"): _Route("console.cli.authority:check", ask.OneStatement, _statement),
    ("approval", "import"): _Route("console.cli.authority:import_signed", ask.ImportStatement, _import),
    ("policy", "show"): _Route("console.cli.policies:show", ask.Nothing),
    ("policy", "pin"): _Route("console.cli.policies:pin", ask.PinPolicy, _pin_policy),
    ("policy", "withdraw"): _Route("console.cli.policies:withdraw", ask.WithdrawKey, _withdraw),
    ("arm",): _Route("console.cli.authority:arm", ask.ConfirmedRun, _confirmed),
    ("disarm",): _Route("console.cli.authority:disarm", ask.Nothing),
    ("panic",): _Route("console.cli.authority:panic", ask.Panic, _panic),
    ("hold", "show"): _Route("console.cli.authority:hold_show", ask.Nothing),
    ("hold", "release"): _Route("console.cli.authority:hold_release", ask.ReleaseHold, _release),
    ("backup", "selftest"): _Route("console.cli.backups:selftest", ask.Nothing),
    ("backup", "take"): _Route("console.cli.backups:take", ask.OneRun, _run),
    ("backup", "prove"): _Route("console.cli.backups:prove", ask.OneFile, _file),
    ("backup", "list"): _Route("console.cli.backups:list_all", ask.Nothing),
    ("verify",): _Route("console.cli.runs:verify", ask.OneRun, _run),
    ("enact",): _Route("console.cli.runs:enact", ask.ConfirmedRun, _confirmed),
    ("revert",): _Route("console.cli.runs:revert", ask.ConfirmedRun, _confirmed),
    ("bundle",): _Route("console.cli.readiness:bundle", ask.Bundle, _bundle),
    ("report",): _Route("console.cli.readiness:run_report", ask.OneRun, _run),
    ("journal", "verify"): _Route("console.cli.journals:verify", ask.OneRun, _run),
    ("manifest", "build"): _Route("console.cli.manifests:build", ask.BuildManifest, _manifest),
    ("manifest", "verify"): _Route("console.cli.manifests:verify", ask.Nothing),
}


def _common() -> _Parser:
    common = _Parser(add_help=False)
    for name, metavar in (("--root", "DIR"), ("--config", "FILE")):
        common.add_argument(name, type=Path, default=argparse.SUPPRESS, metavar=metavar)
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object on standard output"
    )
    return common


def _opening(common: _Parser) -> _Parser:
    parser = _Parser(add_help=False, parents=[common])
    parser.add_argument("--read-only", action="store_true", help="monitoring: no action that changes anything")
    return parser


def _parser() -> _Parser:
    common = _common()
    parser = _Parser(
        prog="cutter-console",
        description="Operator console for cuts of rules into PostgreSQL.",
        parents=[_opening(common)],
    )
    parser.add_argument("--version", action="version", version=f"cutter-console {__version__}")
    groups: dict[tuple[str, ...], Any] = {(): parser.add_subparsers(metavar="COMMAND")}
    for command in COMMANDS:
        *path, word = command.words
        parent = _group(groups, tuple(path))
        route = _ROUTES[command.words]
        leaf = parent.add_parser(word, help=command.help, description=command.help, parents=[common])
        route.arguments(leaf)
        leaf.set_defaults(_words=command.words)
    return parser


def _parsed(argv: Sequence[str] | None) -> dict[str, Any]:
    """Without a command the parsers of thirty commands are not built: the console opens sooner."""
    asked = list(sys.argv[1:] if argv is None else argv)
    if all(word in {"--read-only", "--root", "--config"} or not word.startswith("-") for word in asked):
        found, rest = _opening(_common()).parse_known_args(asked)
        if not rest:
            return vars(found)
    return vars(_parser().parse_args(asked))


def _group(groups: dict[tuple[str, ...], Any], path: tuple[str, ...]) -> Any:
    if path not in groups:
        group = groups[path[:-1]].add_parser(path[-1], help=f"see: cutter-console {' '.join(path)} --help")
        groups[path] = group.add_subparsers(metavar="COMMAND", required=True)
    return groups[path]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command or open the console. Returns the exit status."""
    try:
        found = _parsed(argv)
    except _WrongUsage as wrong:
        return _refuse(wrong, sys.argv[1:] if argv is None else argv)
    options = ask.Options(root=found.get("root"), config=found.get("config"), json=found.get("json", False))
    words = found.get("_words")
    if words is None:
        return _dispatch("console.app.launch:open_console", "console", options, ask.Open(read_only=found["read_only"]))
    from console.backend.host.signals import end_by_exception

    end_by_exception()
    route = _ROUTES[words]
    fields = (field.name for field in dataclasses.fields(route.request))
    values = {name: tuple(found[name]) if isinstance(found[name], list) else found[name] for name in fields}
    if (not_text := _no_text(values)) is not None:
        return _refuse(not_text, sys.argv[1:] if argv is None else argv)
    return _dispatch(route.target, " ".join(words), options, route.request(**values), sweeps=words in _SWEEPING)


def _no_text(values: dict[str, Any]) -> _WrongUsage | None:
    """A path may have any name; what goes into a plan, a statement or the database is text in UTF-8."""
    for name, value in values.items():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, str) and any("\ud800" <= character <= "\udfff" for character in one):
                return _WrongUsage(f"the argument {name} holds bytes that are not UTF-8: {one}", "")
    return None


def _names(asked: Sequence[str], words: tuple[str, ...]) -> bool:
    return any(tuple(asked[start : start + len(words)]) == words for start in range(len(asked)))


def _refuse(wrong: _WrongUsage, asked: Sequence[str]) -> int:
    """Say what is wrong with the command line as argparse would and, with --json, as the one object."""
    from console.backend.model.errors import StopCode, UsageError
    from console.cli.output import report_error

    named = max((one.words for one in COMMANDS if _names(asked, one.words)), key=len, default=())
    help_of = " ".join(["cutter-console", *named, "--help"])
    say(wrong.usage)
    error = UsageError(StopCode.REFUSED_INPUT, str(wrong), help_of)
    return report_error(ask.Options(json="--json" in asked), " ".join(named) or "usage", error)


_SWEEPING = {command.words for command in COMMANDS if command.writes} - {("demo",), ("panic",), ("disarm",)}
"""The commands that begin by removing leftovers: those that write. Stopping waits for nothing, reading changes nothing."""


def _dispatch(target: str, command: str, options: ask.Options, request: object, *, sweeps: bool = False) -> int:
    module, _, name = target.partition(":")
    try:
        if sweeps:
            import_module("console.cli.leftovers").sweep(options)
        return int(getattr(import_module(module), name)(options, request))
    except KeyboardInterrupt:
        say("interrupted\n")
        return 130
    except (ReaderGone, Unprinted):
        raise
    except Exception as error:  # noqa: BLE001 - each is named or, as a defect of the program, kept in a log: none is hidden
        from console.cli.failures import report_failure

        return int(report_failure(options, command, error, repr(request)))
