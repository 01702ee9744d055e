"""A planted secret is looked for wherever a command could leave it: argv, environments, files, output; in three forms."""

import base64
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from console.backend.host import crash
from console.backend.host.cluster_directory import default_parents
from console.backend.scratch.cluster import TransientCluster
from tests.cli.forking import Forker, Surroundings
from tests.cli.test_hooks import configured
from tests.cli.test_surroundings import commands
from tests.support.hung import GPG
from tests.support.passage import Passage

SECRET = "c4nary/hünter two+%"
PLANTED = ("PGPASSWORD", "CUTTER_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "DATABASE_URL")
ASKED = (
    *(("status",), ("drift",), ("plan",), ("run", "start"), ("run", "show"), ("approval", "check"), ("policy", "show")),
    *(("backup", "selftest"), ("backup", "take"), ("backup", "prove"), ("arm",), ("report",), ("hooks", "test")),
    *(("hooks", "run"), ("panic",)),
)
_RECORDS = """#!/bin/sh
{{ printf '%s\\0' "$@"; printf 'ENVIRONMENT\\0'; env -0; }} > "{records}/{name}.$$" || exit 99
exec "{real}" "$@"
"""
_HOOK = """printf '%s\\0' "$@" > "{0}/../records/hook.$$"; {{ printf 'ENVIRONMENT\\0'; env -0; cat; }} >> "{0}/../records/hook.$$" """


def forms(secret: str = SECRET) -> list[bytes]:
    """The secret as it is, in base64 at each of the three places where it can begin, and percent-encoded."""
    raw = secret.encode()
    coded = [base64.b64encode(bytes(before) + raw)[skip:-4] for before, skip in ((0, 0), (1, 2), (2, 3))]
    return [raw, quote(secret, safe="").encode(), quote(secret, safe="").lower().encode(), *coded]


@pytest.fixture
def wrappers(cluster: TransientCluster) -> Iterator[Path]:
    """A folder with `bin`, wrappers that record their arguments and environment in `records`."""
    home = Path(tempfile.mkdtemp(prefix="canary-", dir=default_parents()[0]))
    for folder, mode in ((home, 0o755), (home / "bin", 0o755), (home / "records", 0o777)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    real = {name: str(cluster.programs.program(name)) for name in ("initdb", "postgres", "pg_dump", "pg_restore")}
    for name, path in {**real, "gpg": GPG, "gpgconf": shutil.which("gpgconf") or ""}.items():
        (home / "bin" / name).write_text(_RECORDS.format(records=home / "records", name=name, real=path))
        (home / "bin" / name).chmod(0o755)
    yield home
    shutil.rmtree(home)


def test_a_planted_secret_is_nowhere(
    at: Callable[[str], Passage], wrappers: Path, forked: Forker, tmp_path: Path
) -> None:
    passage = at("SG_1 imported")
    temporary = tmp_path / "tmp"
    temporary.mkdir(mode=0o777)
    configured(passage.installation.root, wrappers / "bin", _HOOK)
    asked = commands(passage, passage.run_id, tmp_path)
    jobs = [["--root", str(passage.installation.root), "--json", *words, *asked[words]] for words in ASKED]
    around = Surroundings(
        environment={
            **dict.fromkeys(PLANTED, SECRET),
            "PATH": f"{wrappers / 'bin'}:{os.environ['PATH']}",
            "TMPDIR": str(temporary),
        }
    )
    context = passage.installation.context
    installation = {"root": str(context.root), "filesystem": str(context.filesystem), "package": str(context.package)}
    ended = forked.run(jobs, around, {**installation, "host": context.host})
    said = {" ".join(one.argv): one.out + one.err.encode() for one in ended}
    files = {
        str(path): path.read_bytes() for place in (passage.installation.root, tmp_path) for path in _regular(place)
    }
    records = {path.name: path.read_bytes() for path in (wrappers / "records").iterdir()}
    assert {name.partition(".")[0] for name in records} >= {
        "gpg",
        "hook",
        "initdb",
        "postgres",
        "pg_dump",
        "pg_restore",
    }
    assert any(b'"event":"waiting"' in data for name, data in records.items() if name.startswith("hook"))
    arguments = {name: data.partition(b"ENVIRONMENT\0")[0] for name, data in records.items()}
    environments = {name: data.partition(b"ENVIRONMENT\0")[2] for name, data in records.items()}
    for place in (said, files, arguments):
        assert [name for name, data in place.items() if any(form in data for form in forms())] == []
    carrying = {name.partition(".")[0] for name, data in environments.items() if any(form in data for form in forms())}
    assert carrying == {"pg_dump"}


def _regular(place: Path) -> Iterator[Path]:
    return (path for path in place.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize("coding", ["plain", "percent", "base64", "base64url"])
def test_a_traceback_that_holds_the_secret_is_kept_without_it(
    coding: str, before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    text = f"{before}{SECRET}yz"
    said = {
        "plain": text,
        "percent": quote(text, safe="/"),
        "base64": base64.b64encode(text.encode()).decode(),
        "base64url": base64.urlsafe_b64encode(text.encode()).decode(),
    }[coding]
    log = crash.write_log(LookupError(f"the server said {said} of it"), tmp_path, datetime.now(UTC))
    assert log is not None
    kept = log.read_text(encoding="utf-8")
    assert "the server said " in kept
    assert "<redacted>" in kept
    assert said[4:-4] not in kept
    assert [form for form in forms() if form in kept.encode()] == []
