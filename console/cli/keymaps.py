"""config keys: every action of the console with its keys, and the file that gives it others."""

from pydantic import Field

from console.actions.action import Action, key_name
from console.actions.actions import ACTIONS
from console.actions.keymap import changeable, full_name
from console.actions.keymap_file import file_path, read_keymap
from console.actions.replay_actions import REPLAY_ACTIONS
from console.actions.stopping import HOW_TO_STOP
from console.backend.model.errors import ExitStatus, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.theme_names import ThemeName
from console.backend.model.value import Value
from console.cli.arguments import Options
from console.cli.config_requests import NoArguments
from console.cli.output import report


class Display(Value):
    """The table [display]."""

    theme: ThemeName = Field(default=ThemeName.DARK, description="Theme that the console opens with")
    mouse: bool = Field(default=True, description="false leaves the mouse to the terminal, as --no-mouse does")


class KeymapFile(Value):
    """The file console.toml."""

    display: Display = Field(
        default=Display(), description="What an installation of installations.toml can have of its own"
    )

    keymap: dict[str, str] = Field(
        default={},
        description='Keys by action, such as {"run.go_on": "G,ctrl+g"}; `cutter-console config keys` lists the actions',
        json_schema_extra={"propertyNames": {"enum": [*sorted(changeable())]}},
    )


class ActionKeys(Value):
    """An action of the console with its keys."""

    action: str
    """Its name in a keymap."""
    title: str
    keys: tuple[str, ...]
    """The keys in force, as people write them."""
    own_keys: tuple[str, ...]
    """The keys without a keymap."""
    can_be_changed: bool


class KeysInForce(Value):
    """Every action with its keys."""

    file: SafeText
    """The file with the table [keymap], if there is one."""
    fault: SafeText
    """The fault of the file, if it has one: then no console opens, and the keys are the program's own."""
    actions: tuple[ActionKeys, ...]


def keys(options: Options, _request: NoArguments) -> ExitStatus:
    """Print each action with its keys; beside a console.toml that is wrong, the program's own, and what is wrong."""
    keymap: dict[str, tuple[str, ...]] = {}
    fault, can_change = "", changeable()
    try:
        keymap = read_keymap()
    except UsageError as error:
        # The names of the actions are needed to correct it.
        fault = error.message
    actions = tuple(
        ActionKeys(
            action=full_name(action),
            title=action.title,
            keys=_written(keymap.get(action.name, action.keys)),
            own_keys=_written(action.keys),
            can_be_changed=full_name(action) in can_change,
        )
        for action in _all_actions()
    )
    width = max(len(listed.action) for listed in actions)
    lines = [
        f"{listed.action:<{width}}  {' '.join(listed.keys):<8}  {listed.title}{_note(listed)}" for listed in actions
    ]
    if fault:
        lines = [*lines, "", "These are the program's own keys, because console.toml is wrong:", *fault.split("\n")]
    answer = KeysInForce(file=str(file_path()), fault=fault, actions=actions)
    return report(options, "config keys", Outcome.PARTIAL if fault else Outcome.PASS, lines, answer)


def _all_actions() -> tuple[Action, ...]:
    return (*ACTIONS, HOW_TO_STOP, *REPLAY_ACTIONS)


def _written(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key_name(key) for key in keys)


def _note(listed: ActionKeys) -> str:
    if not listed.can_be_changed:
        return " (always)"
    return f" (own: {' '.join(listed.own_keys)})" if listed.keys != listed.own_keys else ""
