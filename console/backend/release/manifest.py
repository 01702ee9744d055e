"""The deploy manifest: the files that a release consists of, its commit, and the results of its tests."""

from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from console.backend.model.errors import StopCode, UsageError
from console.backend.model.outcome import WholeNumber
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

SCHEMA: Literal["cutter-console/deploy-manifest/1"] = "cutter-console/deploy-manifest/1"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

RECORD_TESTS = "On the workstation, in a clean checkout of the release: make manifest"
"""Step that makes the manifest with the results of the tests; a command for another machine, without this one's root."""


class Kind(StrEnum):
    """Origin of the files."""

    WHEEL = "wheel"
    """An installed wheel: the files of its RECORD."""
    SOURCE = "source"
    """A source tree; an editable installation is one too."""


class FileSum(Value):
    """One file; its path is relative to the folder that holds the package."""

    path: SafeText
    sha256: Sha256


class Tool(Value):
    """A program or library that the release was tested and built with."""

    name: str
    version: SafeText
    """`absent` if the build machine has none."""


class TestTotals(Value):
    """Result of a test run, counted in its JUnit file."""

    __test__ = False

    tests: int = Field(ge=1)
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    errors: int = Field(ge=0)
    skipped: int = Field(ge=0)
    duration_s: WholeNumber
    """Rounded up."""
    junit_sha256: Sha256
    timestamp: SafeText
    """Start of the run, as the file says."""

    @property
    def green(self) -> bool:
        """Return whether something passed, and nothing failed or broke."""
        return self.passed > 0 and self.failed == self.errors == 0

    def __str__(self) -> str:
        return (
            f"{self.tests} tests: {self.passed} passed, {self.failed} failed, {self.errors} errors,"
            f" {self.skipped} skipped in {self.duration_s} s"
        )


class DeployManifest(Value):
    """Deployed files; the sha256 of the canonical JSON is the manifest's digest, and the installation pins it."""

    model_config = ConfigDict(serialize_by_alias=True)

    schema_id: Annotated[Literal["cutter-console/deploy-manifest/1"], Field(alias="schema")] = SCHEMA
    commit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")] = ""
    """Of the source tree at the time of building; empty if it is no git tree."""
    clean: bool = False
    """True if the listed files were as the commit has them."""
    no_commit: SafeText = ""
    """Reason why the commit of a checkout is not known: then the listed files alone identify the release."""
    version: SafeText
    kind: Kind
    built_at: datetime
    built_on: SafeText
    """Host name of the build machine."""
    tests: TestTotals | None = None
    """None if no test run was recorded."""
    tools: tuple[Tool, ...]
    files: tuple[FileSum, ...] = Field(min_length=1)
    """Sorted by path, each path once."""

    @model_validator(mode="after")
    def _commit_or_reason(self) -> Self:
        if self.no_commit and (self.commit or self.clean):
            raise ValueError("it names a commit and says that the commit is not known")
        return self

    @model_validator(mode="after")
    def _each_path_once(self) -> Self:
        paths = [file.path for file in self.files]
        twice = next((path for path, again in pairwise(sorted(paths)) if path == again), "")
        if twice:
            raise ValueError(f"{twice} is listed twice, with no way to tell which sum is right")
        return self


def read_manifest(path: Path, data: bytes) -> DeployManifest:
    """Parse the manifest in these bytes of a file. Raises UsageError naming the file and the key at fault."""
    try:
        return DeployManifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        message = f"{path} is no deploy manifest: {key}: {first['msg']}"
        raise UsageError(StopCode.REFUSED_INPUT, message, "Build it: cutter-console manifest build") from error
