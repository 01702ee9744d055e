"""Approval policy: who may rule and how many signers it takes, its digest, and whether anyone can satisfy it."""

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from console.backend.approvals.keyring import KeyFact, Keyring
from console.backend.host.regular_file import open_regular
from console.backend.model.canonical_json import digest
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.purposes import Kind
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_MAX_POLICY_BYTES = 256 * 1024
_REPAIR = "Correct the policy file and have it agreed by the sovereign; its digest is part of what is signed."


def _plain(fingerprint: object) -> object:
    return fingerprint.replace(" ", "").upper() if isinstance(fingerprint, str) else fingerprint


Fingerprint = Annotated[str, BeforeValidator(_plain), Field(pattern=r"^[0-9A-F]{40}$")]
"""A primary key's fingerprint; gpg's spacing and lower case are accepted, a key id is not."""


FIRST_RUN_UNITS = 3
"""Most units that the first document may have, under a policy that sets no limit."""


class Signer(Value):
    """A person with authority, by name and primary key."""

    name: Annotated[SafeText, Field(min_length=1, max_length=80)]
    fingerprint: Fingerprint


class Thresholds(Value):
    """Number of distinct signers that each ruling takes."""

    SG_1: int
    SG_2: int

    def of(self, kind: Kind) -> int:
        """The number for one kind."""
        return self.SG_1 if kind is Kind.SG_1 else self.SG_2


class Policy(Value):
    """The approval policy; what makes it unsatisfiable is a red check, not an error in reading."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    schema_id: Annotated[Literal["cutter-console/policy/1"], Field(alias="schema")] = "cutter-console/policy/1"
    signers: tuple[Signer, ...]
    thresholds: Thresholds
    solo: bool
    """True if the operator may be one of the signers; never implied, named in every report."""
    operators: tuple[Fingerprint, ...]
    """Primary keys of those who operate the console; may be empty."""
    first_run_max_units: Annotated[int, Field(ge=1)] | None = None
    """Most units that the first document ever cut may have; `FIRST_RUN_UNITS` if the policy does not say."""

    @model_serializer(mode="wrap")
    def _without_unset_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave out unset fields: a policy from before a field existed keeps its digest."""
        fields: dict[str, object] = handler(self)
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def sha256(self) -> str:
        """Digest of the policy: part of every statement."""
        return digest(self)

    def signer(self, fingerprint: str) -> Signer | None:
        """The signer with this primary key."""
        return next((signer for signer in self.signers if signer.fingerprint == fingerprint), None)


def load_policy(path: Path) -> Policy:
    """Read the policy file. Raises Refused (POLICY_UNSATISFIABLE) naming file, key and line."""
    text = _read(path)
    try:
        # The json module, because pydantic's parser silently takes the last of two equal keys. Not strict, because
        # JSON has lists and the policy tuples.
        return Policy.model_validate(json.loads(text, object_pairs_hook=_no_key_twice), strict=False)
    except json.JSONDecodeError as error:
        raise _refused(f"{path}, line {error.lineno}: {error.msg}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        raise _refused(f"{path}, {_place(text, problem['loc'])}: {problem['msg']}") from error
    except _KeyTwice as error:
        raise _refused(f"{path}, {_place(text, (str(error),))}: the key occurs twice") from error
    except RecursionError as error:
        raise _refused(f"{path}: nested too deeply for a policy") from error


class _KeyTwice(Exception):
    pass


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen: dict[str, object] = {}
    for name, value in pairs:
        if name in seen:
            raise _KeyTwice(name)
        seen[name] = value
    return seen


def _read(path: Path) -> str:
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(_MAX_POLICY_BYTES + 1)
    except FileNotFoundError as error:
        action = f"Write {path}, and have it agreed by the sovereign; its form: cutter-console help policy"
        raise Refused(StopCode.POLICY_UNSATISFIABLE, f"there is no policy file {path}", action) from error
    except OSError as error:
        raise _refused(f"{path}: {error.strerror}") from error
    if len(data) > _MAX_POLICY_BYTES:
        raise _refused(f"{path} is larger than {_MAX_POLICY_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(f"{path}, line {line}: not UTF-8") from error


def _place(text: str, loc: tuple[int | str, ...]) -> str:
    """Return the place as text, `key a.b.0, line 3`: the line of the last key of the path that the text has."""
    offset = 0
    for index, step in enumerate(loc):
        # Below a list the same key stands once per entry: the number before it in the path says which one is meant.
        occurrence = loc[index - 1] if index and isinstance(loc[index - 1], int) else 0
        matches = list(re.finditer(rf'"{re.escape(str(step))}"\s*:', text[offset:])) if isinstance(step, str) else []
        if len(matches) > int(occurrence):
            offset += matches[int(occurrence)].start()
    return f"key {'.'.join(map(str, loc)) or '(whole file)'}, line {text.count(chr(10), 0, offset) + 1}"


def _refused(message: str) -> Refused:
    return Refused(StopCode.POLICY_UNSATISFIABLE, message, _REPAIR)


def check_policy(policy: Policy, keys: Keyring, now: datetime) -> tuple[Check, ...]:
    """Check whether the policy can be satisfied with these keys now: asked before it is needed.

    An empty policy, a duplicate, a threshold below one or above the number of usable keys and an
    operator among the signers without `solo` are FAIL each; unread keys are INCONCLUSIVE.
    """
    evidence = Evidence(
        id=f"policy:{policy.sha256[:12]}",
        asked="the policy, and the keys of its signers",
        source=keys.home,
        answer=f"{counted(len(policy.signers), 'signer')}, {counted(len(keys.keys), 'key')}, solo={str(policy.solo).lower()}",
        measured_at=keys.measured_at,
        took_ms=keys.took_ms,
    )
    shape = [
        _verdict("policy.signers", not policy.signers and "the policy names no signer", _names(policy), evidence),
        _verdict("policy.distinct", _duplicates(policy), "every signer and every key once", evidence),
        _verdict("policy.solo", _undeclared_solo(policy), _solo_text(policy), evidence),
    ]
    persons = [_signer_check(signer, keys, now, evidence) for signer in policy.signers]
    return (*shape, *persons, *(_reachable(kind, policy, keys, now, evidence) for kind in Kind))


def require_satisfiable(checks: tuple[Check, ...]) -> None:
    """Raise Refused (POLICY_UNSATISFIABLE) if the policy cannot be satisfied, Unmeasured if the keys could not be read.

    One unusable key is shown but stops nothing while the others reach the threshold.
    """
    open_checks = [c for c in checks if c.outcome is not Outcome.PASS and not c.name.startswith("policy.key.")]
    if not open_checks:
        return
    message = "; ".join(f"{check.name}: {check.detail}" for check in open_checks)
    if all(check.outcome is Outcome.INCONCLUSIVE for check in open_checks):
        raise Unmeasured(StopCode.POLICY_UNSATISFIABLE, message, open_checks[0].next_action)
    raise _refused(message)


def _verdict(name: str, problem: str | bool, detail: str, evidence: Evidence) -> Check:
    if problem:
        return Check(name=name, outcome=Outcome.FAIL, detail=str(problem), evidence=(evidence,), next_action=_REPAIR)
    return Check(name=name, outcome=Outcome.PASS, detail=detail, evidence=(evidence,))


def _names(policy: Policy) -> str:
    return ", ".join(signer.name for signer in policy.signers)


def _duplicates(policy: Policy) -> str:
    for values in ([s.fingerprint for s in policy.signers], [s.name.casefold() for s in policy.signers]):
        if repeated := sorted({value for value in values if values.count(value) > 1}):
            return f"more than once: {', '.join(repeated)}"
    return ""


def _undeclared_solo(policy: Policy) -> str:
    operator_signers = [signer.name for signer in policy.signers if signer.fingerprint in policy.operators]
    return (
        f"{', '.join(operator_signers)}: signer and operator, but solo is not declared"
        if operator_signers and not policy.solo
        else ""
    )


def _solo_text(policy: Policy) -> str:
    return "SOLO: the operator may sign" if policy.solo else "no operator is a signer"


def _signer_check(signer: Signer, keys: Keyring, now: datetime, evidence: Evidence) -> Check:
    name, key = f"policy.key.{signer.name}", keys.find(signer.fingerprint)
    if keys.unreadable:
        return _unread(name, keys)
    if key is None:
        problem = f"{signer.name}: no public key {signer.fingerprint} in {keys.home}"
        return Check(
            name=name,
            outcome=Outcome.FAIL,
            detail=problem,
            evidence=(evidence,),
            next_action=f"Import it: gpg --homedir {keys.home} --import FILE",
        )
    problem = key.unusable_because(now)
    if not problem:
        return _verdict(name, problem=False, detail=_until(signer, key), evidence=evidence)
    renewal = f"Where it expired, {signer.name} renews it elsewhere (gpg --quick-set-expire); then here: gpg --homedir {keys.home} --import FILE"
    return Check(
        name=name,
        outcome=Outcome.FAIL,
        detail=f"{signer.name}: key {signer.fingerprint} {problem}",
        evidence=(evidence,),
        next_action=f"{renewal}. Another key needs another policy, agreed by the sovereign.",
    )


def _until(signer: Signer, key: KeyFact) -> str:
    end = f"until {key.sign_until:%Y-%m-%d %H:%M} UTC" if key.sign_until else "without expiry"
    return f"{signer.name}: key {signer.fingerprint} usable {end}"


def _unread(name: str, keys: Keyring) -> Check:
    return Check(
        name=name,
        outcome=Outcome.INCONCLUSIVE,
        detail=keys.unreadable,
        next_action="Install gpg, or set the GNUPGHOME that holds the signers' public keys.",
    )


def _reachable(kind: Kind, policy: Policy, keys: Keyring, now: datetime, evidence: Evidence) -> Check:
    name, needed = f"policy.satisfiable.{kind}", policy.thresholds.of(kind)
    if needed < 1:
        return _verdict(name, f"{kind} takes {needed} signatures; at least 1 is needed", "", evidence)
    if keys.unreadable:
        return _unread(name, keys)
    # An operator's key does not count without `solo`: its signature would be refused.
    usable = {
        key.fingerprint
        for signer in policy.signers
        if (key := keys.find(signer.fingerprint)) is not None
        and not key.unusable_because(now)
        and (policy.solo or signer.fingerprint not in policy.operators)
    }
    answer = f"{kind} takes {needed} of {len(usable)} usable keys"
    return _verdict(name, len(usable) < needed and answer, answer, evidence)
