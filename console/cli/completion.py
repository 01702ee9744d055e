"""completion: the script that completes commands and options in a shell; loads neither the backend nor pydantic."""

import argparse
from dataclasses import fields

import shtab

from console.backend.model.errors import ExitStatus
from console.backend.model.profile_names import SHIPPED_NAMES
from console.cli.arguments import Options
from console.cli.command_line import build_parser
from console.cli.operations import OPERATIONS, Shell
from console.cli.printing import emit
from console.cli.run_names import LATEST

_FILES = {
    field.metadata["argument"].metavar
    for request in (Options, *(operation.request for operation in OPERATIONS))
    for field in fields(request)
    if field.metadata["argument"].is_file
}

_DANGEROUS = {operation.words for operation in OPERATIONS if operation.dangerous}

# The shipped names are part of the script; the own ones are asked of the folder at its usual place.
_SHIPPED = " ".join(SHIPPED_NAMES)
_STRANGE = "*[!0-9A-Za-z._+-]*"
"""Names that are left out: bash reads the words that it completes once more, and would run what stands in them."""
_LIST = f"""for name in {_SHIPPED} "${{CUTTER_ROOT:-/var/lib/cutter}}"/profiles/[a-z]*.toml; do"""
_PROFILES = {
    "bash": "_cutter_console_profiles",
    "zsh": "_cutter_console_profiles",
    "tcsh": f"({_SHIPPED})",
    "preamble": {
        "bash": f"""_cutter_console_profiles() {{
  local name names=()
  {_LIST}
    name="${{name##*/}}"; [[ "$name" == {_STRANGE} ]] || names+=("${{name%.toml}}")
  done
  compgen -W "${{names[*]}}" -- "$1"
}}
""",
        "zsh": f"""_cutter_console_profiles() {{
  setopt localoptions nonomatch
  local name names=()
  {_LIST}
    name="${{name##*/}}"; [[ "$name" == {_STRANGE} ]] || names+=("${{name%.toml}}")
  done
  compadd -- "${{names[@]}}"
}}
""",
    },
}


def _ids(function: str, kinds: str, more: str) -> dict[str, object]:
    """Return the completion by the ids that the root has, asked of the folder at its usual place, and by `more` words."""
    lines = f"""  local name ids=({more})
  for name in "${{CUTTER_ROOT:-/var/lib/cutter}}"/runs/ict[{kinds}]-*; do
    [[ -d "$name" && "${{name##*/}}" != {_STRANGE} ]] && ids+=("${{name##*/}}")
  done
"""
    bash, zsh = 'compgen -W "${ids[*]}" -- "$1"', 'compadd -- "${ids[@]}"'
    preamble = {
        "bash": f"{function}() {{\n{lines}  {bash}\n}}\n",
        "zsh": f"{function}() {{\n  setopt localoptions nonomatch\n{lines}  {zsh}\n}}\n",
    }
    # tcsh has no functions: it completes the words alone.
    return {"bash": function, "zsh": function, "tcsh": f"({more})" if more else "", "preamble": preamble}


_COMPLETED = {
    "run": (_ids("_cutter_console_runs", "rb", LATEST), _ids("_cutter_console_whole_runs", "rb", "")),
    "batch": (_ids("_cutter_console_batches", "b", LATEST), _ids("_cutter_console_whole_batches", "b", "")),
}
"""Completion of an argument, and of a dangerous command's, which takes no `latest`."""


def completion(options: Options, request: Shell) -> ExitStatus:
    """Print the script; a shell reads it with `source` or `eval`."""
    parser = build_parser()
    _mark_files(parser)
    script = shtab.complete(parser, request.shell)
    if options.json:
        from console.cli.completion_json import answer

        return answer(options, request.shell, script)
    emit(script + "\n")
    return ExitStatus.DONE


def _mark_files(parser: argparse.ArgumentParser) -> None:
    """Let shtab complete file names for arguments that name a file, by the attribute `complete` of their actions."""
    for action in parser._actions:
        if action.metavar == "PROFILE":
            setattr(action, "complete", _PROFILES)  # noqa: B010 - no attribute of argparse
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _mark_files(command)
        elif action.dest in _COMPLETED:
            ordinary, dangerous = _COMPLETED[action.dest]
            ids = dangerous if parser.get_default("_words") in _DANGEROUS else ordinary
            setattr(action, "complete", ids)  # noqa: B010 - no attribute of argparse
        elif action.metavar in _FILES:
            setattr(action, "complete", shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE)  # noqa: B010 - no attribute of argparse
