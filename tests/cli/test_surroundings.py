"""Whatever the outside does, every command ends with a documented status, one object, and no traceback.

A few environments are tried on every command, the others on a command of each kind; CUTTER_TEST_EVERYTHING=1 tries each on
every one.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from console.cli.operations import OPERATIONS
from tests.cli.forking import Done, Forker, Surroundings
from tests.support.passage import Passage
from tests.support.profiles import write_profile
from tests.support.standby import SETTINGS, standby_of

At = Callable[[str], Passage]
DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 141}
ROLES = {
    "CUTTER_EXECUTOR": "cutter_exec",
    "CUTTER_VERIFIER": "cutter_verify",
    "CUTTER_MONITOR": "cutter_ro",
    "CUTTER_ADMINISTRATOR": "postgres",
}
NO_SUCH_RUN = "ictr-20260101T000000Z-00000000"
BYTES = os.fsdecode(b"\xe9")
"""A byte that is no text, as a name or an argument in Latin-1 has it."""
VIETNAMESE = "# Điều 1 Phạm vi ⚖\n\nVăn bản.\n"


def commands(passage: Passage, run: str, folder: Path) -> dict[tuple[str, ...], list[str]]:
    """Every command with its arguments; those that stop everything come last."""
    intake, statement = passage.installation.intake, str(passage.installation.statement(run, "SG_1"))
    backup = next(
        iter(sorted((passage.installation.root / "backups").glob("*.gpg"))), passage.installation.root / "none.dump.gpg"
    )
    key = "A" * 40
    write_profile(passage.installation.profiles)
    # XDG_CONFIG_HOME leads here.
    (folder / "cutter-console").mkdir(exist_ok=True)
    (folder / "cutter-console" / "installations.toml").write_text(
        f'[installation.prod]\nroot = "{passage.installation.root}"\n[installation.down]\nroot = "/nonexistent"\n',
        encoding="utf-8",
    )
    asked: dict[tuple[str, ...], list[str]] = {
        ("demo",): [],
        ("init",): ["--pin", "--repin"],
        ("migrate",): [],
        ("adopt", "inspect"): ["--out", str(folder / "mapping.toml")],
        ("adopt", "check"): [],
        ("adopt", "apply"): [],
        ("adopt", "remove"): [],
        ("status",): [],
        ("gates",): [],
        ("fleet", "status"): ["--all", "--timeout", "30"],
        ("config", "show"): [],
        ("config", "validate"): [],
        ("config", "schema"): ["settings"],
        ("config", "path"): [],
        ("config", "keys"): [],
        ("info",): [],
        ("help",): ["STOP_DRIFT"],
        # Without --read-only it is refused; what it serves does not end by itself.
        ("serve",): [],
        ("hooks", "list"): [],
        ("hooks", "test"): [],
        ("hooks", "run"): ["--gates"],
        ("counts",): [],
        ("drift",): [],
        ("document", "register"): ["--docprefix", "ACME-LIVE", "--query", "select 'x'"],
        ("document", "export"): ["--docprefix", "ACME-LAW", "--format", "md", "--drafts"],
        ("document", "list"): [],
        ("document", "show"): ["ACME-LAW", "--as-of", "2026-11-28", "--out", str(folder / "text.md")],
        ("document", "history"): ["ACME-LAW"],
        ("document", "repeal"): ["ACME-LAW"],
        ("run", "edit"): [run, "ACME-LAW/ONE", "--text", str(folder / "law.md")],
        ("run", "apply"): [run, "--confirm", run],
        ("unit", "retire"): ["ACME-LAW/ONE"],
        ("unit", "supersede"): ["ACME-LAW/ONE", "--text", str(folder / "law.md")],
        ("document", "diff"): ["ACME-LAW", "--from", "2026-11-28"],
        ("unit", "list"): ["ACME-LAW", "--after", "ACME-LAW/A"],
        ("unit", "search"): ["first", "--document", "ACME-LAW", "--limit", "3"],
        ("unit", "diff"): ["ACME-LAW/ONE"],
        ("unit", "show"): ["ACME-LAW/ONE", "--as-of", "2026-11-28"],
        ("unit", "history"): ["ACME-LAW/ONE"],
        ("plan",): [str(intake / "luat.md"), "--docprefix", "ACME-TWO"],
        # The one use of the command that needs the database.
        ("plan", "--against"): [str(intake / "law.md"), "--docprefix", "ACME-LAW", "--against", "in-force"],
        # Another program in the same command: it starts processes of its own, and writes while they work.
        ("plan", "--folder"): [str(intake), "--profile", "vi-law"],
        ("profile", "list"): [],
        ("profile", "show"): ["rule-book"],
        ("profile", "check"): ["rule-book", "--on", str(intake / "luat.md")],
        ("run", "start"): [str(intake / "law.md"), "--docprefix", "ACME-TWO"],
        ("run", "list"): [],
        ("run", "show"): [run],
        ("run", "resume"): [run],
        ("run", "settle"): [run],
        ("run", "replan"): [run],
        ("run", "hand-over"): [NO_SUCH_RUN, "--to", str(folder / "run.tar")],
        ("run", "accept"): [str(folder / "none.tar")],
        ("run", "take-over"): [run, "--confirm", run],
        ("batch", "plan"): [str(intake), "--profile", "vi-law"],
        ("batch", "start"): [str(intake), "--profile", "vi-law", "--on-failure", "set-aside"],
        ("batch", "list"): [],
        ("batch", "status"): ["ictb-20260101T000000Z-00000001"],
        ("batch", "resume"): ["ictb-20260101T000000Z-00000001", "--on-failure", "set-aside"],
        ("batch", "report"): ["ictb-20260101T000000Z-00000001"],
        ("approval", "draft"): [run],
        ("approval", "check"): [statement],
        ("approval", "import"): [statement],
        ("policy", "show"): [],
        ("policy", "pin"): ["--confirm", "x"],
        ("policy", "withdraw"): [key, "--reason", "Điều é", "--confirm", key],
        ("arm",): [run, "--confirm", run],
        ("disarm",): [],
        ("hold", "show"): [],
        ("hold", "plan"): [],
        ("backup", "selftest"): [],
        ("backup", "take"): [run],
        ("backup", "prove"): [str(backup)],
        ("backup", "list"): [],
        ("verify",): [run],
        ("enact",): [run, "--confirm", run],
        ("revert",): [run, "--confirm", run],
        ("bundle",): [],
        ("report",): [run],
        ("reports", "list"): [],
        ("reports", "show"): ["no-such-report"],
        ("reports", "export"): ["no-such-report", "--to", str(folder)],
        ("journal", "show"): [run, "--word", "Điều é"],
        ("journal", "verify"): [run],
        ("manifest", "build"): ["--out", str(folder / "manifest.json")],
        ("manifest", "verify"): [],
        ("run", "void"): [run, "--reason", "Điều é"],
        ("panic",): ["--reason", "Điều é"],
        ("hold", "release"): ["--confirm", "RELEASE"],
        ("completion",): ["bash"],
    }
    names = {tuple(word for word in words if not word.startswith("--")) for words in asked}
    assert names == {command.words for command in OPERATIONS}
    return asked


OF_EACH_KIND = {
    *(
        ("init",),
        ("status",),
        ("fleet", "status"),
        ("config", "show"),
        ("config", "validate"),
        ("info",),
        ("drift",),
        ("plan",),
        ("plan", "--folder"),
        ("plan", "--against"),
        ("profile", "check"),
        ("profile", "list"),
        ("run", "start"),
        ("run", "show"),
        ("approval", "draft"),
    ),
    *(("approval", "check"), ("policy", "show"), ("arm",), ("backup", "take"), ("backup", "list"), ("verify",)),
    *(("journal", "verify"), ("manifest", "verify"), ("run", "void"), ("panic",), ("hold", "release")),
}
"""Those that read, write, ask gpg, start programs, print much."""
EVERYTHING = bool(os.environ.get("CUTTER_TEST_EVERYTHING"))


@dataclass(frozen=True)
class Hostile:
    """One hostile environment: what the commands find around them, and what happens to the host meanwhile."""

    around: Surroundings = field(default_factory=Surroundings)
    meanwhile: Callable[[Passage], "Iterator[None]"] = field(default=lambda _: iter((None,)))
    database: str = ""
    """The start of a CREATE DATABASE; the commands are then given that database."""
    root: str = ""
    argument: str = ""
    """What is appended to each argument that is not an option."""
    everything: bool = False
    without: tuple[tuple[str, ...], ...] = ()


def _unreachable() -> dict[str, str]:
    return dict.fromkeys(ROLES, "host=/nonexistent dbname=x")


def _stray_names(passage: Passage) -> Iterator[None]:
    """Files that nobody expects, in every folder: names that are no text, pipes, dangling links, folders for files."""
    (passage.installation.root / "profiles").mkdir(exist_ok=True)
    for name in ("", "intake", "profiles", "runs", "approvals", "backups", "reports", "artifacts", "locks", "rollback"):
        folder = passage.installation.root / name
        for stray in (
            b"\xe9.md",
            b"\xe9.toml",
            b"a.toml",
            b"\xe9.dump.gpg",
            b".\xe9.part",
            b"x\x1b[2J.dump.gpg",
            b"ictr-20260101T000000Z-\xe9",
        ):
            (folder / os.fsdecode(stray)).write_bytes(b"x")
        for stray in (b"fifo.dump.gpg", b"fifo.md", b"fifo.toml"):
            os.mkfifo(folder / os.fsdecode(stray))
        for stray in (b"dir\xe9.dump.gpg", b"dir.json", b"dir.toml", NO_SUCH_RUN.encode()):
            (folder / os.fsdecode(stray)).mkdir()
        (folder / "dangling.dump.gpg.json").symlink_to("nowhere")
    yield


def _terminated(passage: Passage) -> Iterator[None]:
    """Whoever connects is terminated a moment later, again and again."""
    stop = threading.Event()

    def terminate() -> None:
        with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
            while not stop.wait(0.02):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (passage.database,)
                )

    thread = threading.Thread(target=terminate)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _mounted(passage: Passage, *options: str) -> None:
    if shutil.which("mount") is None or shutil.which("umount") is None:
        pytest.skip("nothing can be mounted here: no program mount and umount is installed")
    done = subprocess.run(
        ["mount", *options, str(passage.installation.root)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def _read_only(passage: Passage) -> Iterator[None]:
    """The root on a file system that cannot be written."""
    _mounted(passage, "--bind", str(passage.installation.root))
    try:
        _mounted(passage, "-o", "remount,ro,bind")
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(passage.installation.root)], check=True)


def _full(passage: Passage) -> Iterator[None]:
    """The root on a small file system without a free byte."""
    root = passage.installation.root
    saved = root.with_name("saved")
    shutil.copytree(root, saved, symlinks=True)
    _mounted(passage, "-t", "tmpfs", "-o", "size=4m", "none")
    try:
        shutil.copytree(saved, root, symlinks=True, dirs_exist_ok=True)
        # Until the last byte that was free is taken.
        with suppress(OSError), (root / "intake" / "zero").open("wb", buffering=0) as stream:
            stream.write(bytes(8 << 20))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


HOSTILE: dict[str, Hostile] = {
    "an output in Latin-1, libpq's variables, no locale": Hostile(
        Surroundings(
            encoding="latin-1",
            environment={
                **{"LANG": "C", "LC_ALL": "C", "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1", "PGTZ": "EST"},
                "PGOPTIONS": "-c quote_all_identifiers=on -c IntervalStyle=iso_8601",
            },
        ),
        everything=True,
    ),
    "an output in ASCII, names that are no text": Hostile(Surroundings(encoding="ascii"), _stray_names),
    "arguments that are no text": Hostile(argument=BYTES),
    "a user who is no text": Hostile(Surroundings(environment={"SUDO_USER": BYTES})),
    "a gpg home and connection strings that are no text": Hostile(
        Surroundings(environment={"GNUPGHOME": BYTES, **dict.fromkeys(ROLES, f"host={BYTES} dbname={BYTES}")})
    ),
    "full outputs": Hostile(Surroundings(stdout="/dev/full", stderr="/dev/full")),
    "closed outputs, a folder that is gone": Hostile(Surroundings(stdout="closed", stderr="closed", cwd="")),
    "no database, no gpg, no home": Hostile(
        Surroundings(environment={**_unreachable(), "PATH": "/nonexistent"}, without=("HOME", "USER", "LOGNAME")),
    ),
    "a user without an account, who may read nothing": Hostile(
        Surroundings(user=61000, without=("HOME", "USER", "LOGNAME"))
    ),
    "a database in SQL_ASCII": Hostile(database="ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"),
    "an empty database": Hostile(database="ENCODING 'UTF8'"),
    "backends that are terminated": Hostile(meanwhile=_terminated),
    "files of 4 KB at most": Hostile(Surroundings(file_bytes=4096)),
    "16 open files at most": Hostile(Surroundings(open_files=16)),
    "a root that cannot be written": Hostile(meanwhile=_read_only),
    "a root without a free byte": Hostile(meanwhile=_full),
    "a root that is a file": Hostile(root="/etc/passwd"),
    "a root that is not there": Hostile(root="FOLDER/none/root", without=(("demo",), ("init",))),
}


def test_a_standby_is_named_by_every_command_and_written_by_none(at: At, forked: Forker, tmp_path: Path) -> None:
    """Whatever a standby answers (25006, 0A000, 55000) is an outcome, and tells the operator to go to the primary."""
    passage = at("SG_1 imported")
    tmp_path.chmod(0o777)
    (passage.installation.intake / "luat.md").write_text(VIETNAMESE, encoding="utf-8")
    asked = commands(passage, passage.run_id, tmp_path)
    jobs = {
        words: ["--root", str(passage.installation.root), "--json", *words, *asked[words]] for words in ON_A_STANDBY
    }
    with TransientCluster.start(passage.cluster.major, durable=True, settings=SETTINGS) as primary:
        migrate(primary.conninfo())
        with standby_of(primary) as folder:
            around = Surroundings(
                environment={name: f"host={folder} user={role} dbname=postgres" for name, role in ROLES.items()}
            )
            # Commands run side by side: a panic stops those that would start something, and a release wants its HOLD.
            behind = (("panic",), ("hold", "release"))
            ended = forked.run([job for words, job in jobs.items() if words not in behind], around, {})
            for words in behind:
                ended += forked.run([jobs[words]], around, {})
    order = [*(words for words in jobs if words not in behind), *behind]
    wrong = {" ".join(words): found for words, one in zip(order, ended, strict=True) if (found := faults(one, around))}
    assert wrong == {}
    refused = {" ".join(words): one for words, one in zip(order, ended, strict=True) if words in REFUSED_BY_A_STANDBY}
    assert {name: one.err for name, one in refused.items() if (one.status, "primary" in one.err) != (5, True)} == {}
    # Reading it is no fault: status says that it is a standby, and answers.
    told = [one for one in ended if one.status in {0, 1}]
    assert [one.argv for one in told] == [tuple(jobs[("status",)])]
    assert b"this server is a standby" in told[0].out


REFUSED_BY_A_STANDBY = {
    *(("migrate",), ("document", "register"), ("run", "start"), ("disarm",), ("init",), ("run", "void")),
    ("hold", "release"),
}
ON_A_STANDBY = (
    *(
        ("migrate",),
        ("status",),
        ("document", "register"),
        ("run", "start"),
        ("policy", "pin"),
        ("disarm",),
        ("panic",),
    ),
    *(("init",), ("run", "void"), ("hold", "release"), ("arm",)),
)


@contextmanager
def given_database(passage: Passage, options: str) -> Iterator[dict[str, str]]:
    """The variables that lead to another database of the cluster."""
    if not options:
        yield {}
        return
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE hostile TEMPLATE template0 {options}".encode())
        try:
            yield {name: passage.cluster.conninfo("hostile", role) for name, role in ROLES.items()}
        finally:
            connection.execute("DROP DATABASE hostile WITH (FORCE)")


def faults(done: Done, around: Surroundings) -> list[str]:
    """What is wrong with how a command ended."""
    found = [] if done.status in DOCUMENTED else [f"status {done.status}"]
    found += [word for word in ("Traceback", "Exception ignored", "defect of the program") if word in done.err]
    if not around.stdout:
        try:
            (line,) = done.out.decode(around.encoding).splitlines()
            found += [f"no {key}" for key in ("schema", "outcome", "measured_at") if key not in json.loads(line)]
        except ValueError as error:
            found.append(f"not one object: {error}")
    return [f"{one}\n{done.err[-1500:]}" for one in found]


IN_EVERY_RUN = {
    "an output in Latin-1, libpq's variables, no locale",
    "arguments that are no text",
    "full outputs",
    "closed outputs, a folder that is gone",
    "a database in SQL_ASCII",
    "backends that are terminated",
    "a root without a free byte",
}
"""What `make test` takes of them; the others are in `make test-rest`."""


@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=() if how in IN_EVERY_RUN else pytest.mark.torture) for how in HOSTILE]
)
def test_every_command_ends_with_a_named_outcome(at: At, forked: Forker, tmp_path: Path, how: str) -> None:
    hostile, passage = HOSTILE[how], at("SG_1 imported")
    (passage.installation.intake / "luat.md").write_text(VIETNAMESE, encoding="utf-8")
    tmp_path.chmod(0o777)
    asked = commands(passage, passage.run_id, tmp_path)
    root = hostile.root.replace("FOLDER", str(tmp_path)) or str(passage.installation.root)
    jobs = {
        words: ["--root", root, "--json", *words]
        + [word if word.startswith("--") else word + hostile.argument for word in arguments]
        for words, arguments in asked.items()
        if (hostile.everything or EVERYTHING or words in OF_EACH_KIND) and words not in hostile.without
    }
    context = passage.installation.context
    installation = {"root": str(context.root), "filesystem": str(context.filesystem), "package": str(context.package)}
    with given_database(passage, hostile.database) as database:
        around = replace(
            hostile.around, environment={"XDG_CONFIG_HOME": str(tmp_path), **hostile.around.environment, **database}
        )
        for _ in hostile.meanwhile(passage):
            ended = forked.run(list(jobs.values()), around, {**installation, "host": context.host})
    assert {
        " ".join(words): wrong for words, one in zip(jobs, ended, strict=True) if (wrong := faults(one, around))
    } == {}
