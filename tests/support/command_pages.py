"""The lists of commands in README.md and console/guide/reference.md, made from the table of operations; `pages.py` writes them into the pages."""

from dataclasses import MISSING, Field, fields
from importlib import import_module
from typing import Any, get_origin

from pydantic import BaseModel

from console.cli.arguments import Open, Options
from console.cli.operations import OPERATIONS, Operation

HEAD = {"schema", "outcome", "measured_at"}
"""The fields that every JSON object begins with."""


def usage_of(field: "Field[Any]") -> str:
    """Return one argument as it is typed, in brackets if it can be left out."""
    argument = field.metadata["argument"]
    value = argument.metavar or "|".join(argument.choices)
    if argument.positional:
        if get_origin(field.type) is tuple:
            return f"[{value}…]"
        return value if field.default is MISSING else f"[{value}]"
    several = "…" if get_origin(field.type) is tuple and not argument.short else ""
    option = (
        f"{argument.short} {value}"
        if argument.short
        else f"--{field.name.rstrip('_').replace('_', '-')} {value}{several}".rstrip()
    )
    # Without its confirmation a dangerous command is refused, although the parser takes it.
    return option if field.default is MISSING or field.name == "confirm" else f"[{option}]"


def usage(request: type, *words: str) -> str:
    """Return a command with its arguments as it is typed, without the name of the program."""
    return " ".join((*words, *map(usage_of, fields(request))))


def readme_list() -> str:
    """Return a synopsis with one line per command, then the options of all of them."""
    lines = [usage(Open), *(usage(operation.request, *operation.words) for operation in OPERATIONS)]
    synopsis = "".join(f"cutter-console {line}\n" for line in lines)
    options = ", ".join(f"`{usage_of(field)[1:-1]}`" for field in fields(Options))
    return f"```\n{synopsis}```\n\nEvery command takes {options}.\n"


def model_named(target: str) -> type[BaseModel]:
    """Import the model that `module:name` names."""
    module, _, name = target.partition(":")
    model: type[BaseModel] = getattr(import_module(module), name)
    return model


def _row(operation: Operation) -> str:
    typed = usage(operation.request, *operation.words).replace("|", "\\|")
    kind = "dangerous" if operation.dangerous else "yes" if operation.writes else ""
    models = " or ".join(f"`{answer.partition(':')[2]}`" for answer in operation.answers)
    return f"| `{typed}` | {operation.help} | {kind} | {models} |\n"


def _fields_row(target: str) -> str:
    model = model_named(target)
    dumped = [one.serialization_alias or name for name, one in model.model_fields.items()]
    own = [name for name in (*dumped, *model.model_computed_fields) if name not in HEAD]
    return f"| `{model.__name__}` | {', '.join(f'`{name}`' for name in own)} |\n"


def reference_list() -> str:
    """Return a table of the commands and one of the fields of their JSON objects."""
    answers = sorted(
        {answer for operation in OPERATIONS for answer in operation.answers}, key=lambda one: one.partition(":")[2]
    )
    commands = "| command | help | writes | JSON |\n|---|---|---|---|\n" + "".join(map(_row, OPERATIONS))
    return f"{commands}\n| JSON | fields |\n|---|---|\n" + "".join(map(_fields_row, answers))
