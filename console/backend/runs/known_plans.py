"""Plans of earlier runs, taken by digest: the same bytes are not planned once more by the same program.

A run plans its text in two passes, which must give the same digest. The first may be the plan that an earlier run, as a rule
its dry run, has planned twice already. The second is always made of the bytes again (`runs/phases.py`), and so is the one of
the verification.
"""

import hashlib
import unicodedata
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from platform import python_version

from console import __version__
from console.backend import documents, model
from console.backend.documents.limits import limits_of
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import CutterError
from console.backend.model.outcome import Outcome
from console.backend.model.plan import DocumentPlan
from console.backend.model.states import Phase
from console.backend.runs.workspace import RunRequestFile, Workspace, newest_first

_LOOKED_AT = 20
"""Runs that are looked at, the newest first: a plan that is far back is sooner made again than found."""
_LOOKED_AT_PER_MEMBER = 4
"""More of them for each member of a batch. A pass over a folder leaves one run a member: the dry run is found behind three later
passes, such as starts that were broken off. Each takes 0.1 to 0.2 ms, once for the batch (measured with 2,000 runs).
"""
_TEXTS = frozenset({".py", ".toml"})


def planner(installation: Installation) -> str:
    """Return a digest of everything but the request and the bytes that a plan depends on; empty if it cannot be read.

    The program's version, the files of the code that plans, the limits, and what Python knows of Unicode.
    """
    code = _code()
    limits = canonical_json(limits_of(installation.settings)).decode()
    parts = (__version__, code, limits, python_version(), unicodedata.unidata_version)
    return sha256_hex("\n".join(parts).encode()) if code else ""


@cache
def _code() -> str:
    """Return a digest of the files of the folders that plan; computed once, as the code was when it was first asked for."""
    digest = hashlib.sha256()
    try:
        for package in (documents, model):
            folder = Path(str(package.__file__)).parent
            for path in sorted(path for path in folder.rglob("*") if path.suffix in _TEXTS):
                digest.update(f"{folder.name}/{path.relative_to(folder)} {sha256_hex(read_regular(path))}\n".encode())
    except OSError:
        return ""
    return digest.hexdigest()


class EarlierRuns:
    """The runs of a root by what their plans depend on, as they were when one was first asked for: read once for a whole batch."""

    def __init__(self, root: Path, members: int) -> None:
        self._root, self._most = root, _LOOKED_AT + _LOOKED_AT_PER_MEMBER * members
        self._names: dict[tuple[object, ...], list[str]] | None = None

    def of(self, request: RunRequestFile) -> list[str]:
        """Return the runs of such a request, the newest first."""
        if self._names is None:
            self._names = {}
            for name in _newest(self._root, self._most):
                with suppress(CutterError, OSError):
                    key = _planned_by(Workspace.open(self._root, name).request())
                    self._names.setdefault(key, []).append(name)
        return self._names.get(_planned_by(request), [])[:_LOOKED_AT]


def _newest(root: Path, most: int) -> list[str]:
    try:
        return [path.name for path in islice(newest_first(root), most)]
    except OSError:
        return []


def known_plan(
    root: Path, request: RunRequestFile, sha256: str, earlier: EarlierRuns | None = None
) -> tuple[str, DocumentPlan] | None:
    """Return the run that has planned these very bytes twice for an equal request, with its plan; None if there is none.

    `sha256` is that of the bytes; `earlier` are the runs as a batch has read them. Runs whose files cannot be read are passed
    over: then the text is planned.
    """
    if not request.planner:
        return None
    for name in _newest(root, _LOOKED_AT) if earlier is None else earlier.of(request):
        try:
            plan = _plan_of(Workspace.open(root, name), request, sha256)
        except (CutterError, OSError):
            continue
        if plan is not None:
            return name, plan
    return None


def _plan_of(workspace: Workspace, request: RunRequestFile, sha256: str) -> DocumentPlan | None:
    """Return the plan of a run, if its second pass has confirmed it and it is of this request and these bytes."""
    if _planned_by(workspace.request()) != _planned_by(request):
        return None
    record, facts = workspace.record(Phase.CUTPLAN), workspace.plan_facts()
    if record is None or record.outcome is not Outcome.PASS or facts is None or facts.source_sha256 != sha256:
        return None
    plan = workspace.marked()
    is_whole = (plan.content_digest, plan.source.sha256) == (facts.content_digest, sha256)
    return plan if is_whole else None


def _planned_by(request: RunRequestFile) -> tuple[object, ...]:
    """Return everything of a request that its plan depends on, but the bytes."""
    return (
        request.planner,
        request.operation,
        request.origin,
        request.docprefix,
        request.profile,
        request.profile_sha256,
        request.ordinals,
        request.accept_sha256,
    )
