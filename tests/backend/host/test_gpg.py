"""gpg is started by one module, which parses its status lines and names what kept it from answering."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.host.gpg import GpgUnanswered, gpg_version, list_keys, run_gpg, verify_detached
from tests.backend.backup.conftest import make_key
from tests.support.sources import ROOT, modules_with

HOME = "console/backend/host/gpg.py"
PROGRAMS = {"gpg", "gpg2", "gpgv", "gpgconf", "gpg-connect-agent"}
NAMED_ELSEWHERE = {
    "console/backend/backup/take.py": "the name of a member of the pipeline in its refusals",
    "console/backend/backup/prove.py": "the name of a member of the pipeline in its refusals",
    "console/backend/release/build.py": "the name of a tool in the deploy manifest",
    "console/demo/installation.py": "the name of the folder that holds the demo's keys",
}
STREAMS = {
    "console/backend/backup/take.py": "encrypts a dump of any length as a member of a pipeline",
    "console/backend/backup/prove.py": "decrypts a dump of any length as a member of a pipeline",
}
"""What takes the command itself and not an answer: `run_gpg` holds both ends in memory."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product that could name gpg, but the one that starts it, with its syntax tree."""
    return ((name, tree) for name, tree in modules_with("gpg") if name != HOME)


def strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """The literals of a module but the parts of f-strings, which are commands that a message prints."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in parts)


def test_no_other_module_names_gpg_as_a_program() -> None:
    found = {name for name, tree in modules() for node in strings(tree) if node.value in PROGRAMS}

    assert found == set(NAMED_ELSEWHERE)


def _direct(value: ast.expr) -> tuple[ast.expr, ...]:
    """An argument itself, and the last part of a path that is one."""
    return (value, value.right) if isinstance(value, ast.BinOp) else (value,)


def test_a_member_of_a_pipeline_and_a_tool_are_the_only_places_of_that_name() -> None:
    """An exception of the scan above is one call with that name, never a command."""
    calls = {
        name: [
            ast.unparse(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            for value in (*node.args, *(keyword.value for keyword in node.keywords))
            if any(isinstance(one, ast.Constant) and one.value in PROGRAMS for one in _direct(value))
        ]
        for name in NAMED_ELSEWHERE
        for tree in [ast.parse((ROOT / name).read_bytes())]
    }

    assert calls == {
        "console/backend/backup/take.py": ["Member"],
        "console/backend/backup/prove.py": ["Member"],
        "console/backend/release/build.py": ["Tool"],
        "console/demo/installation.py": ["create_demo_keys"],
    }


def test_only_streams_take_the_command_itself() -> None:
    found = {
        name
        for name, tree in modules_with("gpg_command")
        if name != HOME
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith("gpg_command")
    }

    assert found == set(STREAMS)


def test_status_lines_are_parsed_and_standard_output_holds_the_answer_alone(gnupg_home: Path) -> None:
    key = make_key(gnupg_home)
    sealed = run_gpg(gnupg_home, "--trust-model", "always", "--recipient", key, "--encrypt", data=b"text", check=True)
    opened = run_gpg(gnupg_home, "--decrypt", data=sealed.stdout)

    assert opened.stdout == b"text"
    assert {"DECRYPTION_OKAY", "GOODMDC"} <= set(opened.keywords)
    (fields,) = opened.fields_of("ENC_TO")
    assert [line.text for line in opened.status if line.keyword == "ENC_TO"] == [f"ENC_TO {' '.join(fields)}"]


def test_a_key_is_listed_by_its_fingerprint(gnupg_home: Path) -> None:
    key = make_key(gnupg_home)
    make_key(gnupg_home, "other@example.org")

    listed = [fields[9] for fields in list_keys(gnupg_home, key=key).listing if fields[0] == "fpr"]

    assert key in listed
    assert sum(fields[0] == "pub" for fields in list_keys(gnupg_home).listing) == 2
    assert sum(fields[0] == "pub" for fields in list_keys(gnupg_home, key=key).listing) == 1


def test_what_is_no_signature_is_answered_and_not_raised(gnupg_home: Path) -> None:
    answer = verify_detached(gnupg_home, b"data", b"no signature")

    assert answer.exit_status != 0
    assert "NODATA" in answer.keywords
    assert "VALIDSIG" not in answer.keywords


def test_a_failure_is_raised_where_the_exit_status_is_the_answer(gnupg_home: Path) -> None:
    with pytest.raises(GpgUnanswered, match="it ended with status 2"):
        run_gpg(gnupg_home, "--decrypt", data=b"not encrypted", check=True)


def test_an_absent_gpg_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)

    with pytest.raises(GpgUnanswered, match="gpg is not on the PATH") as stopped:
        gpg_version()

    assert "install gnupg" in stopped.value.next_action


def test_a_gpg_of_another_make_has_an_unknown_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gpg").write_text("#!/bin/sh\necho something else\n")
    (tmp_path / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert gpg_version() == "unknown"


def test_no_descriptor_is_left_open(gnupg_home: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir())

    run_gpg(gnupg_home, "--list-keys")
    verify_detached(gnupg_home, b"data", b"no signature")

    assert set(Path("/proc/self/fd").iterdir()) == before


def test_no_options_file_of_the_key_ring_has_a_say(gnupg_home: Path) -> None:
    """What a key ring brings with it could move the clock, or let a weak digest count."""
    (gnupg_home / "gpg.conf").write_text("no-such-option\n", encoding="utf-8")

    answer = list_keys(gnupg_home)

    assert answer.exit_status == 0
    assert "gpg.conf" not in answer.complaint
