"""What holds for every file of the project: size, first lines, exceptions, names, one version, one registry."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from statistics import median, quantiles

import pytest
from hypothesis import HealthCheck, settings

from console import __version__
from console.actions.actions import ACTIONS
from console.cli.command_line import build_parser
from console.cli.operations import OPERATIONS

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "console").rglob("*.py"))
ALL_PYTHON = sorted(chain(SOURCES, *((ROOT / name).rglob("*.py") for name in ("tests", "benchmarks", "mutants"))))
SQL = sorted((ROOT / "console").rglob("*.sql"))
TEMPLATES = sorted((ROOT / "console").rglob("*.j2"))
PAGES = sorted(
    {*(ROOT / "docs").glob("*.md"), *(ROOT / "console" / "guide").glob("*.md"), *ROOT.glob("*.md")}
    - {ROOT / "CHANGELOG.md"}
)
MEDIAN_LINES, P95_LINES, MOST_LINES, FILE_LINES = 10, 42, 100, 600
_FIRST_SQL_LINES = re.compile(r"-- schema: \w+\n-- [A-Z].{20,}\n")
_PROJECT_FILES = ("*.md", "*.toml", "Makefile", ".ci/*", "requirements*.txt", "console/**/*", "tests/**/*.py", "benchmarks/*.py", "mutants/*.py", "docs/*")  # fmt: skip


def relative(path: Path) -> str:
    """The path as it is named in a finding."""
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file; kept for the tests of this module, which ask for all of them one after the other."""
    return ast.parse(path.read_bytes())


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a file of the product's nodes, kept as its tree is: to walk a tree takes longer than to make it."""
    return list(ast.walk(tree(path)))


@pytest.fixture(scope="module", autouse=True)
def _trees_of_this_module_alone() -> Iterator[None]:
    yield
    nodes.cache_clear()
    tree.cache_clear()


def functions(path: Path) -> list[tuple[str, int]]:
    """Every function of a file with its lines, decorators not counted."""
    return [
        (f"{relative(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_functions_are_short() -> None:
    lengths = [length for path in SOURCES for _, length in functions(path)]

    assert median(lengths) <= MEDIAN_LINES
    assert quantiles(lengths, n=20)[-1] <= P95_LINES


def test_no_function_is_long() -> None:
    assert [name for path in SOURCES for name, length in functions(path) if length > MOST_LINES] == []


def test_no_file_is_long() -> None:
    found = {relative(path): len(path.read_text().splitlines()) for path in SOURCES}

    assert {name: lines for name, lines in found.items() if lines > FILE_LINES} == {}


def test_a_docstring_opens_with_a_verb_or_a_noun() -> None:
    found = [
        f"{relative(path)}: {text.splitlines()[0]}"
        for path in SOURCES
        for text in docstrings(nodes(path))
        if re.match(r"(?:What|Whether|Why|Where|Which|Who|When|How|That)\b", text)
    ]

    assert found == []


def docstrings(nodes: list[ast.AST]) -> Iterator[str]:
    """The docstrings of a module, its classes and functions, and of what they assign."""
    for node in nodes:
        body = getattr(node, "body", None)
        for before, statement in pairwise((node, *body) if isinstance(body, list) else ()):
            documented = before is node or isinstance(before, ast.Assign | ast.AnnAssign)
            if documented and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield str(statement.value.value)


TICS = {"anew": "again", "mend": "repair", "mends": "repairs", "mended": "repaired"}


def test_nothing_is_said_in_a_word_that_has_a_plainer_one() -> None:
    pattern = re.compile(rf"\b(?:{'|'.join(TICS)})\b", re.IGNORECASE)
    found = [
        f"{relative(path)}:{number}: {match.group()}, better: {TICS[match.group().lower()]}"
        for path in (*SOURCES, *TEMPLATES, *PAGES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for match in pattern.finditer(line)
    ]

    assert found == []


def test_a_python_file_says_first_what_it_is_for() -> None:
    beginning = re.compile(r'"""\S.{9,}')
    texts = {relative(path): path.read_text() for path in ALL_PYTHON}

    assert [name for name, text in texts.items() if text and not beginning.match(text)] == []


def test_a_sql_file_says_first_what_it_is_for() -> None:
    assert [relative(path) for path in SQL if not _FIRST_SQL_LINES.match(path.read_text())] == []


def test_every_public_definition_of_the_product_has_a_docstring() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in tree(path).body
        if isinstance(node, kinds) and not node.name.startswith("_") and ast.get_docstring(node) is None
    ]

    assert found == []


def test_nothing_swallows_every_exception() -> None:
    """A daemon thread alone catches everything: it carries the error over to the one who waits for the answer."""
    broad = {"Exception", "BaseException"}
    found = [
        relative(path)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in broad))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]

    # A thread's error is carried over to whoever waits for it; a command's is named, or reported with a log.
    assert found == ["console/backend/host/daemon.py", "console/cli/command_line.py"]


def test_every_action_names_a_command_that_is_taken_and_is_as_dangerous() -> None:
    parser = build_parser()
    by_words = {operation.words: operation for operation in OPERATIONS}
    for action in ACTIONS:
        if not action.command or action.command == "cutter-console --help":
            continue
        asked = vars(parser.parse_args([*action.command.split()[1:], "--json"]))
        operation = by_words[asked["_words"]]
        switched = any(asked[one.name] and one.metadata["argument"].dangerous for one in fields(operation.request))
        assert action.dangerous == (operation.dangerous or switched), action.name
        assert operation.writes or not action.writes, action.name


def test_every_writing_command_can_be_done_from_the_console_or_is_for_scripts_alone() -> None:
    for_scripts = {
        ("demo",),
        ("init",),
        ("migrate",),
        ("document", "register"),
        ("backup", "take"),
        ("unit", "retire"),
        ("unit", "supersede"),
        ("policy", "pin"),
        ("policy", "withdraw"),
        ("manifest", "build"),
    }
    shown = {tuple(action.command.split()[1:]) for action in ACTIONS if action.command}
    reached = {
        command.words for command in OPERATIONS for words in shown if words[: len(command.words)] == command.words
    }

    assert {command.words for command in OPERATIONS if command.writes} - reached == for_scripts


def test_keys_of_one_screen_are_taken_once() -> None:
    for scope in {action.scope for action in ACTIONS}:
        keys = [key for action in ACTIONS if action.scope in {scope, "everywhere"} for key in action.keys]
        assert sorted(keys) == sorted(set(keys)), scope


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "console.__version__"}
    assigned = re.compile(rf"""version\w*\s*[:=]\s*["']{re.escape(__version__)}["']""", re.IGNORECASE)
    assert [relative(path) for path in ALL_PYTHON if assigned.search(path.read_text())] == ["console/__init__.py"]


def test_the_changelog_knows_the_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_no_file_names_the_machine_it_was_written_on_or_where_packages_come_from() -> None:
    here = "|".join(re.escape(f"{place}/") for place in (ROOT, Path.home() / ".cache", Path.home() / ".config"))
    foreign = re.compile(rf"{here}|/home/\w+/|--(?:extra-)?index-url|--find-links|--trusted-host")
    mine = Path(__file__)
    found = [
        f"{relative(path)}: {match.group()}"
        for path in {path for pattern in _PROJECT_FILES for path in ROOT.glob(pattern)}
        if path.is_file()
        and path != mine
        and path.suffix not in {".pyc", ".svg"}
        and (match := foreign.search(path.read_text(encoding="utf-8")))
    ]

    assert found == []


def test_no_text_refers_to_a_numbered_list_that_is_not_here() -> None:
    """A released migration keeps its bytes, because every installation has pinned them."""
    reference = re.compile(r"incidents?[ _]\d|\bdesign,? (?:sections? )?\d", re.IGNORECASE)
    found = [
        f"{relative(path)}: {match.group()}"
        for path in {path for pattern in _PROJECT_FILES for path in ROOT.glob(pattern)}
        if path.suffix in {".py", ".md", ".toml", ".j2", ".json"}
        and (match := reference.search(path.read_text("utf-8")))
    ]

    assert found == []


def test_the_lines_of_an_unreleased_migration_are_at_most_120_columns_long() -> None:
    """0001 to 0010 are released and keep their bytes. A string that fills its line is exempt: it cannot be wrapped."""
    string_alone = re.compile(r" *'(?:[^']|'')*'[),;]*")
    unreleased = [path for path in SQL if path.parent.name == "migrations" and path.name > "0011"]
    found = [
        f"{path.name}:{number}"
        for path in unreleased
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120 and not string_alone.fullmatch(line)
    ]

    assert unreleased
    assert found == []


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_pages_for_contributors_name_files_that_are_there(page: str) -> None:
    named = set(re.findall(r"`((?:\w+/)+\w+(?:\.\w+|/))`", (ROOT / page).read_text("utf-8")))
    roots = (ROOT, ROOT / "console", ROOT / "console/backend")

    assert len(named) > 15
    assert sorted(name for name in named if not any((root / name).exists() for root in roots)) == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_file_holds_versions_and_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert text.count("--hash=sha256:") > 100
    assert "://" not in text
    assert set(re.findall(r"(?<!\S)--[a-z-]+", text)) == {"--hash"}


GRAMMAR = {"asked", "found", "it", "one", "said", "told", "way", "what", "which", "why"}
"""Names that tell the place of a word in its sentence, not what the variable holds."""


def test_a_variable_says_what_it_holds() -> None:
    unclear = [
        f"{relative(path)}:{line}: {name}"
        for path in SOURCES
        for name, line in variables(nodes(path))
        if name in GRAMMAR
    ]

    assert unclear == []


def variables(nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    """The names of variables and parameters with their lines; fields of models are contracts and keep their names."""
    fields = {
        id(statement.target)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
    }
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


def test_no_property_test_fails_because_the_machine_is_busy() -> None:
    given = settings()
    assert (given.deadline, given.derandomize) == (None, True)
    assert HealthCheck.too_slow in given.suppress_health_check
    own = [
        f"{relative(path)}: {keyword.arg}"
        for path in ALL_PYTHON
        if re.search(rb"settings(?s:.)*(?:deadline|suppress_health_check)", path.read_bytes())
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "settings"
        for keyword in call.keywords
        if keyword.arg in {"deadline", "suppress_health_check"} and ast.unparse(keyword.value) != "list(HealthCheck)"
    ]
    assert own == []


def test_every_module_was_imported_before_a_test_replaces_a_function_in_one() -> None:
    """One that is first imported meanwhile would keep the replacement, for every later test of the process."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES}
    assert {name for name in names if not name.endswith(".__main__")} - set(sys.modules) == set()
