"""Settings in force with the source of each: a default, a line of the file, a variable of the environment, an option."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from console.backend.host.json_lines import lines_of_keys
from console.backend.host.regular_file import read_regular
from console.backend.host.settings import CONFIG_NAME, ENVIRONMENT, Settings, load_settings
from console.backend.model.redaction import redact_in
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class Source(StrEnum):
    """Origin of a setting."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


class SettingInForce(Value):
    """One setting as it counts now."""

    key: str
    value: SafeText
    """As JSON; what reads like a secret is hidden."""
    source: Source
    place: SafeText = ""
    """File and line, variable, or option; empty for a default."""


def settings_in_force(root: Path, config: Path | None, *, with_environment: bool = True) -> tuple[SettingInForce, ...]:
    """Return every setting, in the order of the model. Raises UsageError as `load_settings` does."""
    settings = load_settings(root, config, with_environment=with_environment)
    path = config or root / CONFIG_NAME
    lines: Mapping[str, int] = {}
    with suppress(FileNotFoundError):
        lines = lines_of_keys(read_regular(path).decode())
    variables = {
        ".".join(keys): name for name, keys in ENVIRONMENT.items() if with_environment and os.environ.get(name)
    }
    return tuple(
        SettingInForce(
            key=key, value=json.dumps(redact_in(value), ensure_ascii=False), **_source(key, path, lines, variables)
        )
        for key, value in _flat(settings)
    )


def _flat(settings: Settings) -> Iterator[tuple[str, object]]:
    for name, value in settings.model_dump(mode="json").items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _source(key: str, path: Path, lines: Mapping[str, int], variables: Mapping[str, str]) -> dict[str, str]:
    if key in variables:
        return {"source": Source.ENVIRONMENT, "place": variables[key]}
    if key in lines:
        return {"source": Source.FILE, "place": f"{path}, line {lines[key]}"}
    return {"source": Source.DEFAULT}
