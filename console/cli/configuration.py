"""config show, validate, schema, path, and info: the settings in force, where each comes from, and what is installed."""

import json
import os
import platform
import shutil
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import psycopg
from pydantic import Field

from console import __version__
from console.actions.keymap import changeable
from console.actions.keymap_file import FILE_NAME as KEYMAP_NAME
from console.actions.keymap_file import file_path as keymap_path
from console.actions.keymap_file import read_console
from console.backend.host.gpg import gpg_version
from console.backend.host.hooks import require_trusted
from console.backend.host.named_installations import NamedInstallations, file_path, named, read_named
from console.backend.host.programs import installed_programs
from console.backend.host.settings import CONFIG_NAME, Settings, load_settings
from console.backend.host.settings_sources import SettingInForce, Source, settings_in_force
from console.backend.model.errors import CutterError, ExitStatus, StopCode, UsageError
from console.backend.model.hooks import HookEvent
from console.backend.model.outcome import Outcome
from console.backend.model.redaction import redact, redact_in
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.theme_names import NO_COLOR, ThemeName, wants_no_colour
from console.backend.model.value import Value
from console.cli.arguments import Options
from console.cli.config_requests import ConfigSchema, NoArguments, ValidateConfig
from console.cli.keymaps import KeymapFile
from console.cli.output import report
from console.cli.settings import root_of, settings_of

_SERVICES, _PASSWORDS = ".pg_service.conf", ".pgpass"
"""Files of libpq in the home, which are looked at and never read."""
_TOLD = ("TERM", "COLORTERM", NO_COLOR, "LANG", "LC_ALL", "TMUX", "STY")
"""Variables that say what the terminal is; of TMUX and STY only whether they are set."""


class SettingsInForce(Value):
    """Every setting as it counts now, with where it comes from."""

    settings: tuple[SettingInForce, ...]


class LookedFor(Value):
    """A file or folder that is looked for."""

    name: str
    path: SafeText
    is_there: bool | None
    """None if that cannot be seen."""


class ConfigPaths(Value):
    """Each file that is looked for."""

    files: tuple[LookedFor, ...]


class ValidFiles(Value):
    """Files that were read and are as they must be; of one that is not there the defaults are in force."""

    files: tuple[LookedFor, ...]


class SchemaAnswer(Value):
    """The JSON Schema of a file of settings."""

    kind: str
    json_schema: dict[str, object]


class ProgramsFound(Value):
    """The programs of one installation of PostgreSQL."""

    version: SafeText
    folder: SafeText
    origin: SafeText


class Info(Value):
    """Versions, programs, terminal and files of this host. It holds no secret, so that it can be sent to those who maintain the program."""

    version: str
    python: str
    system: SafeText
    libraries: dict[str, str]
    postgres: tuple[ProgramsFound, ...]
    gpg: SafeText
    """First line of its version, or why there is none."""
    terminal: dict[str, SafeText] = Field(default={})
    files: tuple[LookedFor, ...]
    settings: SafeText
    """`sound`, or what is wrong with the settings."""


def show(options: Options, _request: NoArguments) -> ExitStatus:
    """Print the settings in force, each with its source. What reads like a secret is hidden."""
    root = root_of(options)
    settings = (
        *_of_the_options(options),
        *settings_in_force(root, options.config, with_environment=not options.installation),
    )
    settings = (*settings, *_of_console_toml(options), *_of_colour())
    width = max(len(setting.key) for setting in settings)
    lines = [
        f"{setting.key:<{width}}  {setting.value}  ({setting.source}{f': {setting.place}' if setting.place else ''})"
        + (": no colour is sent, whatever the theme" if setting.place == NO_COLOR else "")
        for setting in settings
    ]
    return report(options, "config show", Outcome.PASS, lines, SettingsInForce(settings=settings))


def _of_console_toml(options: Options) -> tuple[SettingInForce, ...]:
    """Return theme and mouse, which an installation can have of its own, and the keys that the file changes."""
    own = read_console()
    full_names = {action.name: name for name, action in changeable().items()}
    display = {"theme": (own.theme, ThemeName.DARK), "mouse": (own.mouse, True)}
    shown = tuple(_of_the_display(options, key, *values) for key, values in display.items())
    return shown + tuple(
        SettingInForce(
            key=f"keymap.{full_names[name]}",
            value=json.dumps(",".join(keys)),
            source=Source.FILE,
            place=str(keymap_path()),
        )
        for name, keys in own.keymap.items()
    )


def _of_colour() -> tuple[SettingInForce, ...]:
    """Return what NO_COLOR says if it is set: it wins over the theme."""
    if not wants_no_colour(os.environ):
        return ()
    return (SettingInForce(key="colour", value="false", source=Source.ENVIRONMENT, place=NO_COLOR),)


def _of_the_display(options: Options, key: str, own: object, default: object) -> SettingInForce:
    entry = named(options.installation[0]) if options.installation else None
    if entry is not None and (value := getattr(entry, key)) is not None:
        place = f"{file_path()}, [installation.{options.installation[0]}]"
    elif (value := own) is not None:
        place = f"{keymap_path()}, [display]"
    else:
        return SettingInForce(key=key, value=json.dumps(default), source=Source.DEFAULT)
    return SettingInForce(key=key, value=json.dumps(value), source=Source.FILE, place=place)


def _of_the_options(options: Options) -> tuple[SettingInForce, ...]:
    root, config = root_of(options), options.config or root_of(options) / CONFIG_NAME
    if options.installation:
        name = options.installation[0]
        entry, place = named(name), f"{file_path()}, [installation.{name}]"
        rest = entry.model_dump(mode="json", exclude={"root", "config", "theme", "mouse"})
        given = {"root": str(root), "config": str(config), **rest}
        own = entry.model_fields_set
        return tuple(
            SettingInForce(key=key, value=json.dumps(redact_in(value)), source=Source.FILE, place=place)
            if key in own
            else SettingInForce(key=key, value=json.dumps(redact_in(value)), source=Source.DEFAULT)
            for key, value in given.items()
        )
    of_root = (Source.OPTION, "--root") if options.root else (Source.ENVIRONMENT, "CUTTER_ROOT")
    if not options.root and "CUTTER_ROOT" not in os.environ:
        of_root = (Source.DEFAULT, "")
    of_config = (Source.OPTION, "--config") if options.config else (Source.DEFAULT, "")
    return (
        SettingInForce(key="root", value=json.dumps(redact(str(root))), source=of_root[0], place=of_root[1]),
        SettingInForce(key="config", value=json.dumps(redact(str(config))), source=of_config[0], place=of_config[1]),
    )


def validate(options: Options, request: ValidateConfig) -> ExitStatus:
    """Read the files and say that they are sound. Raises UsageError with every error of all of them.

    Those in force are read as every other command reads them, with the variables over them; a file that is named, alone.
    """
    problems, actions, files = [], [], []
    for kind, path in _to_be_read(options, request.file):
        try:
            if request.file is not None:
                _require_there(path)
            if kind == "console":
                read_console(path)
            elif kind == "installations":
                read_named(path)
            elif request.file is not None:
                settings = load_settings(path.parent, path, with_environment=False)
                require_trusted(settings.hooks.programs, path.absolute())
            else:
                require_trusted(settings_of(options, root_of(options)).hooks.programs, path)
        except UsageError as error:
            problems.append(error.message)
            actions.append(error.next_action)
        files.append(_looked_for(kind, path))
    if problems:
        raise UsageError(StopCode.REFUSED_INPUT, "\n".join(problems), " ".join(actions))
    lines = [f"{file.path}: {'sound' if file.is_there else 'not there: the defaults are in force'}" for file in files]
    return report(options, "config validate", Outcome.PASS, lines, ValidFiles(files=tuple(files)))


def _to_be_read(options: Options, file: Path | None) -> tuple[tuple[str, Path], ...]:
    """Return kind and path of the file that was named, whose name tells the kind, or of those in force."""
    if file is not None:
        kind = "console" if file.name == KEYMAP_NAME else "installations" if file.suffix == ".toml" else "settings"
        return ((kind, file),)
    return (
        ("settings", (options.config or root_of(options) / CONFIG_NAME).absolute()),
        ("installations", file_path()),
        ("console", keymap_path()),
    )


def _require_there(path: Path) -> None:
    if not os.path.lexists(path):
        message = f"there is no file {safe_text(str(path))}"
        raise UsageError(StopCode.REFUSED_INPUT, message, "See those that are looked for: cutter-console config path")


def schema(options: Options, request: ConfigSchema) -> ExitStatus:
    """Print the JSON Schema of the file, or of a hook's event; with --json inside the object."""
    models: dict[str, type[Value]] = {
        "settings": Settings,
        "installations": NamedInstallations,
        "console": KeymapFile,
        "hook-event": HookEvent,
    }
    made = models[request.kind].model_json_schema(
        mode="serialization" if request.kind == "hook-event" else "validation"
    )
    lines = json.dumps(made, indent=2).split("\n")
    answer = SchemaAnswer(kind=request.kind, json_schema=made)
    return report(options, "config schema", Outcome.PASS, lines, answer)


def path(options: Options, _request: NoArguments) -> ExitStatus:
    """Print each file that is looked for, and whether it is there."""
    files = _files(options)
    return report(options, "config path", Outcome.PASS, _file_lines(files), ConfigPaths(files=files))


def _file_lines(files: tuple[LookedFor, ...]) -> list[str]:
    words = {True: "there", False: "not there", None: "cannot be seen"}
    return [f"{file.name:<18} {words[file.is_there]:<15} {file.path}" for file in files]


def _files(options: Options) -> tuple[LookedFor, ...]:
    root = root_of(options)
    settings = Settings()
    # A configuration that is wrong hides no file: then those of the defaults are named.
    with suppress(CutterError):
        settings = settings_of(options, root)
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is no home
    return (
        _looked_for("root", root),
        _looked_for("settings", options.config or root / CONFIG_NAME),
        _looked_for("installations", file_path()),
        _looked_for("console", keymap_path()),
        _looked_for("profiles", settings.under(root, settings.profiles)),
        _looked_for("policy", settings.under(root, settings.policy)),
        _looked_for("deploy manifest", settings.under(root, settings.deploy_manifest)),
        _looked_for("site mapping", settings.under(root, settings.site_mapping)),
        _looked_for("gpg home", Path(settings.gnupg_home) if settings.gnupg_home else home / ".gnupg"),
        _looked_for("libpq services", Path(os.environ.get("PGSERVICEFILE") or home / _SERVICES)),
        _looked_for("libpq passwords", Path(os.environ.get("PGPASSFILE") or home / _PASSWORDS)),
    )


def _looked_for(name: str, path: Path) -> LookedFor:
    is_there: bool | None = True
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        is_there = False
    except (OSError, ValueError):
        is_there = None
    return LookedFor(name=name, path=redact(str(path)), is_there=is_there)


def info(options: Options, _request: NoArguments) -> ExitStatus:
    """Print what is installed here: versions, programs, terminal, files. It asks no database."""
    answer = _info(options)
    lines = [
        f"cutter-console     {answer.version}",
        f"python             {answer.python}",
        f"system             {answer.system}",
        *(f"{name:<18} {version}" for name, version in answer.libraries.items()),
        f"gpg                {answer.gpg}",
        *(f"postgresql         {programs.version} in {programs.folder}" for programs in answer.postgres),
        *([] if answer.postgres else ["postgresql         no programs were found"]),
        *(f"{name:<18} {value}" for name, value in answer.terminal.items()),
        f"settings           {answer.settings}",
        *_file_lines(answer.files),
    ]
    return report(options, "info", Outcome.PASS, lines, answer)


def _info(options: Options) -> Info:
    settings, verdict = Settings(), "sound"
    try:
        settings = settings_of(options, root_of(options))
        read_named()
        read_console()
    except UsageError as error:
        verdict = redact(error.message)
    try:
        gpg = gpg_version()
    except CutterError as error:
        gpg = error.message
    return Info(
        version=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        libraries={
            **{name: _version(name) for name in ("textual", "psycopg", "pydantic")},
            "libpq": str(psycopg.pq.version()),
        },
        postgres=tuple(
            ProgramsFound(version=programs.version, folder=str(programs.bin_dir), origin=programs.origin.value)
            for programs in installed_programs(settings.postgres_programs)
        ),
        gpg=gpg,
        terminal=_terminal(),
        files=_files(options),
        settings=verdict,
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _terminal() -> dict[str, str]:
    size = shutil.get_terminal_size(fallback=(0, 0))
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    shown = {name: os.environ[name] for name in _TOLD if name in os.environ}
    shown |= dict.fromkeys((name for name in ("TMUX", "STY") if name in shown), "set")
    return {
        "terminal": "yes" if is_terminal else "no",
        "size": f"{size.columns}x{size.lines}" if size.columns else "not known",
        "encoding": getattr(sys.stdout, "encoding", None) or "none",
        **{name: redact(value) for name, value in shown.items()},
    }
