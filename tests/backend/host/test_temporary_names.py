"""No two processes ever write a temporary file of the same name: the sources are scanned for fixed ones."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.host import cluster_directory
from console.backend.host.cluster_directory import hidden_name, is_abandoned
from tests.support.sources import modules_with

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "console").rglob("*.py"))
TEMPORARY = re.compile(r"\.(?:part|partial|tmp|temp|new|swp|draft)$|^/tmp/|^\.")
UNIQUE = ("token_hex", "mkdtemp", "owned_directory", "hidden_name", "TemporaryDirectory")
MAKES_PATHS = ("/ ", "with_name", "with_suffix", "joinpath")
"""What stands in each module that makes a path so: the formatter puts a space behind every sign of a division."""
RESERVED = {
    "console/backend/publication/publishing.py": "a directory whose name is the reservation: mkdir fails for the second one",
}
"""Names that are fixed on purpose."""


def paths_made(tree: ast.AST) -> Iterator[tuple[int, str, ast.expr]]:
    """Line, text and tree of each expression that makes a path: `a / "name"`, `with_name(...)`, `with_suffix(...)`."""
    for node in (one for one in ast.walk(tree) if isinstance(one, ast.expr)):
        made: ast.expr | None = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            made = node.right
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            made = node.args[0] if node.func.attr in {"with_name", "with_suffix", "joinpath"} else None
            if node.func.attr == "with_suffix":
                yield node.lineno, f"x{_text(node.args[0])}", node.args[0]
                continue
        if made is not None:
            yield node.lineno, _text(made), made


def _text(made: ast.expr) -> str:
    """The name as far as it is written down; `x` stands for what is put into it."""
    if isinstance(made, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in made.values)
    return str(made.value) if isinstance(made, ast.Constant) else "x"


def test_no_temporary_file_has_a_fixed_name() -> None:
    """One of three importers failed, for the name of their temporary file was the same."""
    found = {
        f"{module}:{line} {source}"
        for module, tree in modules_with(*MAKES_PATHS)
        if module not in RESERVED
        for line, text, made in paths_made(tree)
        if TEMPORARY.search(text) and not LASTING.search(text)
        for source in [ast.unparse(made)]
        if not any(word in source for word in UNIQUE)
    }
    assert found == set()


LASTING = re.compile(r"^\.gnupg$|^\.git$|^\.s\.PGSQL")
"""Hidden names of other programs that last: gpg's home, a checkout, PostgreSQL's socket."""


def test_temporary_files_are_made_by_the_libraries_that_make_names_up() -> None:
    """`tempfile` with a fixed name, or a name out of the process's id alone, would be no better."""
    wanted = re.compile(r"tempfile\.(mktemp|NamedTemporaryFile|TemporaryFile|mkstemp)|os\.getpid\(\)\}[\"']")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in SOURCES
        if (match := wanted.search(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_a_temporary_name_is_hidden_unique_and_tells_its_writer() -> None:
    names = {hidden_name("plan.json") for _ in range(1000)}
    assert len(names) == 1000
    assert {name[:11] for name in names} == {".plan.json."}
    assert {is_abandoned(name) for name in names} == {False}
    assert {is_abandoned(name) for name in ("plan.json", ".plan.json.part", ".x.1-1-y.part")} == {False}


def test_the_writer_of_another_container_is_not_taken_for_dead() -> None:
    name = hidden_name("plan.json")
    dead = re.sub(r"\.\d+-\d+-", ".1-1-", name)
    assert is_abandoned(dead) is True
    assert is_abandoned(re.sub(r"-[0-9a-f]{8}-", "-00000000-", dead)) is None


def test_a_writer_that_proc_hides_is_not_taken_for_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hidepid, /proc shows a user no process of another, or lets nobody read its files."""
    nobody = re.sub(r"\.\d+-", f".{2**22 + 1}-", hidden_name("plan.json"))  # Above the kernel's largest process id.
    parent, unreadable = (re.sub(r"\.\d+-", f".{pid}-", nobody) for pid in (os.getppid(), 1))
    for place in (f"{os.getpid()}", "1/stat"):
        (tmp_path / place).mkdir(parents=True)
    monkeypatch.setattr(cluster_directory, "_PROC", tmp_path)
    assert (is_abandoned(nobody), is_abandoned(parent), is_abandoned(unreadable)) == (True, False, False)


def test_the_scan_finds_what_it_looks_for() -> None:
    bad = "a = d / f'.{name}.part'\nb = p.with_name('x.tmp')\nc = p.with_suffix('.new')\ne = q / f'.{n}'"
    good = "a = d / f'{name}.json'\nb = d / f'.{n}.{secrets.token_hex(4)}'\nc = p.with_name(hidden_name(n))"
    assert len([1 for _, text, _ in paths_made(ast.parse(bad)) if TEMPORARY.search(text)]) == 4
    found = [ast.unparse(made) for _, text, made in paths_made(ast.parse(good)) if TEMPORARY.search(text)]
    assert [source for source in found if not any(word in source for word in UNIQUE)] == []
