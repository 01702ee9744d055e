"""G2: the runtime tree is whole, this account's own and closed to others; the settings are valid, without secrets."""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.host.runtime_tree import CONFIG_NAME, check_tree
from console.backend.host.settings import load_settings
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import Owner
from console.backend.model.redaction import denied_keys, redact
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

MIB = 1 << 20
"""Free space is measured in bytes and told in MiB."""
_LEAST_FREE = 256 * MIB
_COMFORTABLE = 1024 * MIB


class ConfigFinding(Value):
    """Entries of the configuration file that it must not have."""

    secrets: tuple[SafeText, ...]
    """Keys of the deny list, and keys whose values look like secrets."""


class Facts(Value):
    """The facts that G2 measures."""

    tree: Measurement[tuple[Check, ...]]
    settings: Measurement[SafeText]
    secrets: Measurement[ConfigFinding]
    free_bytes: Measurement[int]


def measure(probe: Probe) -> Facts:
    """Look at the tree, read the configuration as it is on disk now, and ask the file system for its space."""
    installation = probe.installation
    config = installation.root / CONFIG_NAME
    return Facts(
        tree=probe.ask(
            "tree",
            "owner, mode and kind of every entry",
            str(installation.root),
            lambda: _tree(installation, installation.context.now()),
            lambda checks: (
                f"{sum(judged.outcome is Outcome.PASS for judged in checks)} of {len(checks)} questions answered well"
            ),
        ),
        settings=probe.ask(
            "settings",
            "does the configuration fit its schema",
            str(config),
            lambda: _loaded(installation.root),
            otherwise=f"Correct {config}.",
        ),
        secrets=probe.ask(
            "confidential",
            "keys and values that look like secrets",
            str(config),
            lambda: _secrets(config),
            lambda finding: ", ".join(finding.secrets) or "none",
        ),
        free_bytes=probe.ask(
            "space",
            "free space of the file system",
            str(installation.root),
            lambda: shutil.disk_usage(installation.root).free,
            lambda free: f"{free // MIB} MiB",
        ),
    )


def _tree(installation: Installation, now: datetime) -> tuple[Check, ...]:
    folders = {Path(folder).parts[0] for folder in (installation.settings.intake, installation.settings.profiles)}
    also = {*folders, "HOLD", *installation.settings.tree_may_hold}
    return check_tree(installation.root, now, owner_uid=os.geteuid(), also_allowed=frozenset(also))


def _loaded(root: Path) -> str:
    load_settings(root, root / CONFIG_NAME)
    return "valid"


def _secrets(config: Path) -> ConfigFinding:
    text = read_regular(config).decode()
    names = list(denied_keys(json.loads(text)))
    if redact(text) != text:
        names.append("a value that looks like a password, a token or a key")
    return ConfigFinding(secrets=tuple(names))


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: one check for each question of the tree; the configuration's validity, its secrets, the free space."""
    tree = facts.tree
    tree_checks = (
        tuple(_retold(tree_check, tree) for tree_check in tree.value)
        if tree.value is not None
        else (check("tree", tree, _never),)
    )
    return (
        *tree_checks,
        check("configuration", facts.settings, passes),
        check("nothing confidential", facts.secrets, _no_secrets),
        check("free space", facts.free_bytes, _space),
    )


def _retold(tree_check: Check, fact: Measurement[tuple[Check, ...]]) -> Check:
    """Return a check of the tree that cites this gate's evidence."""
    return tree_check.model_copy(update={"evidence": (fact.evidence,)})


def _never(_found: tuple[Check, ...]) -> Verdict:
    raise AssertionError("asked although the tree was measured")


def _no_secrets(finding: ConfigFinding) -> Verdict:
    if not finding.secrets:
        return passes("names of secrets only")
    action = f"Take it out of {CONFIG_NAME}; name a libpq service and keep the password in ~/.pgpass."
    return fails(", ".join(finding.secrets), action)


def _space(free: int) -> Verdict:
    detail = f"{free // MIB} MiB free"
    if free >= _COMFORTABLE:
        return passes(detail)
    action = "Make room on the file system of the root (see: cutter-console backup list)."
    return Verdict(Outcome.PARTIAL if free >= _LEAST_FREE else Outcome.FAIL, detail, action)


GATE = Gate(
    "G2", "Runtime tree and configuration", "Is the console's own ground sound?", Owner.OPERATOR, measure, decide
)
