"""Proof that an organisation's code comes out for the console as for its other callers: each difference by name."""

from typing import NamedTuple

from console.backend.model.errors import CutterError
from console.backend.model.outcome import Outcome
from console.backend.model.site_mapping import INSPECT, SiteMapping
from console.backend.postgres.connections import connect
from console.backend.postgres.session_settings import SETTINGS
from console.backend.postgres.site_roles import SITE_READER
from console.backend.postgres.site_settings import (
    ISOLATION,
    OtherSetting,
    earlier_functions,
    isolation_here,
    never_settled,
    other_settings,
)

NAME, SOURCE = "settings of the functions", "pg_db_role_setting and pg_settings, as the executor"
_AS_OTHERS = (
    "they begin with what the database gives every caller; no role that may call them begins with anything else"
)
_EARLIER = "the script that was run is an earlier one, whose {names} run their code with the settings of the console"
_PRINT = "Have an administrator run what this prints: cutter-console adopt apply; then accept it, as the operator guide has it"
_PATH = "Where this is not meant, correct `search_path` below [functions] of the site mapping. See what is proposed: "
_ALIKE = (
    "If the executor is to begin as {role} does, as a superuser: {alike}; then cutter-console migrate, which says how that is"
    " accepted. Or have their owner say it in the functions themselves: ALTER FUNCTION … SET {name} = …"
)
_ISOLATION = "Ask the owner of the functions if they rely on it; the console's own transactions stay as they are."
_OPEN = "Let what is deferred there fire before a run's COMMIT: GRANT USAGE ON SCHEMA … TO {reader}"


class SettingsProof(NamedTuple):
    """Outcome, detail and next action, as a check has them."""

    outcome: Outcome
    detail: str
    next_action: str = ""


def prove_settings(executor: str, mapping: SiteMapping, path: tuple[str, ...]) -> SettingsProof:
    """Compare what the executor's sessions begin with, and `path`, along which those of the database look for names, with other callers'."""
    functions = tuple(filter(None, (mapping.functions.create, mapping.functions.enact)))
    try:
        with connect(executor, read_only=True, purpose="adopt check") as connection:
            others, isolation = other_settings(connection, functions), isolation_here(connection)
            unsettled, earlier = never_settled(connection, mapping.schemas), earlier_functions(connection)
    except CutterError as error:
        return SettingsProof(Outcome.INCONCLUSIVE, f"{error.code}: {error.message}", error.next_action)
    if earlier:
        return SettingsProof(Outcome.FAIL, _EARLIER.format(names=", ".join(earlier)), _PRINT)
    return settings_verdict(others, isolation, unsettled, mapping.functions.search_path, path)


def settings_verdict(
    others: tuple[OtherSetting, ...],
    isolation: str,
    unsettled: tuple[str, ...],
    mapped: tuple[str, ...],
    path: tuple[str, ...],
) -> SettingsProof:
    """Pure: what of an organisation's code may come out otherwise than for its other callers."""
    words, actions = [str(other) for other in others], []
    for other in others:
        if other.name == "search_path":
            actions.append(f"{_PATH}{INSPECT}")
        else:
            actions.append(_ALIKE.format(role=other.role, name=other.name, alike=other.alike))
            break
    # What is looked for behind all of theirs changes nothing that they find. Without any path nothing else is found in its place.
    if mapped and mapped[: len(path)] != path:
        words.append(
            f"names are looked for in {', '.join(mapped)}, and by sessions of the database in {', '.join(path) or 'none'}"
        )
        actions.append(f"{_PATH}{INSPECT}")
    if isolation:
        words.append(f"sessions begin with {ISOLATION}={isolation}, and the console with {SETTINGS[ISOLATION]}")
        actions.append(_ISOLATION)
    if unsettled:
        words.append(f"what is deferred on {', '.join(unsettled)} fires at COMMIT, with the settings of the console")
        actions.append(_OPEN.format(reader=SITE_READER))
    if not words:
        return SettingsProof(Outcome.PASS, _AS_OTHERS)
    return SettingsProof(Outcome.PARTIAL, "; ".join(words), ". ".join(actions))
