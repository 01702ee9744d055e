"""The demo's installation: an embedded PostgreSQL, a throw-away root and GNUPGHOME, and seed data cut by the product."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import Policy, Signer, Thresholds, load_policy
from console.backend.host.cluster_directory import DEMO_PREFIX, default_parents, owned_directory
from console.backend.host.context import Context
from console.backend.host.durable import replace_file, write_new_file
from console.backend.host.installation import Installation
from console.backend.host.runtime_tree import CONFIG_NAME, init_tree
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.canonical_json import canonical_json
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.purposes import Purpose
from console.backend.model.states import Mode, state_in_words
from console.backend.model.view_models import RunRequest, RunView
from console.backend.postgres.connections import connect
from console.backend.postgres.databases import create_database
from console.backend.postgres.migrations import migrate
from console.backend.postgres.units import first_texts
from console.backend.release.build import build_manifest
from console.backend.release.manifest import DeployManifest
from console.backend.release.pins import machine_id, manifest_path, measure_pins, with_pins, write_pins
from console.backend.runs import arming, kill_switch
from console.backend.runs.edits import DraftEdit, apply_edits, plan_edits
from console.backend.runs.reverify import verify_drafts
from console.backend.scratch.cluster import TransientCluster
from console.backend.service import BackendService
from console.cli.installation import operator
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent

Say = Callable[[str], None]
_SEED = (("constitution.md", "DEMO-CONST"), ("procedure.md", "DEMO-PROC"), ("policy.md", "DEMO-POLICY"))
_EDITED = 7


@contextmanager
def demo_installation(root: Path | None, say: Say) -> Iterator[BackendService]:
    """Provide a running, seeded demo, and remove all of it at the end. A named root must not exist yet."""
    _require_new(root)
    home = owned_directory(_place_for_sockets(), DEMO_PREFIX)
    tree = root if root is not None else home / "root"
    keys: DemoKeys | None = None
    try:
        with TransientCluster.start(durable=True) as cluster:
            say(f"PostgreSQL {cluster.version} runs on a socket below {cluster.socket_dir}")
            keys = create_demo_keys(home / "gpg")
            say(f"demo sovereign key {keys.sovereign_fingerprint}, backup key {keys.backup_fingerprint}")
            backend = _backend(tree, cluster, keys)
            done = migrate(backend.installation.settings.database.administrator)
            # The database verifies signatures itself, with the demo sovereign's key.
            pin_policy(backend.installation, load_policy(backend.installation.policy).sha256)
            say(
                f"schema and roles installed: {counted(len(done.applied), 'migration')}, digest {done.schema_digest[:16]}"
            )
            backend = BackendService(_pinned(backend.installation), demo_signer=keys.sign_as_demo_sovereign)
            seed(backend, say)
            yield backend
    finally:
        if keys is not None:
            stop_agent(keys.home)
        shutil.rmtree(home, ignore_errors=True)
        if root is None or (root / _MARKER).exists():
            shutil.rmtree(tree, ignore_errors=True)


def _place_for_sockets() -> Path:
    """Return the temporary directory, or a shorter path if that leaves no room for the sockets of gpg's agents."""
    place = Path(tempfile.gettempdir())
    if len(os.fsencode(place)) <= _LONGEST_PLACE:
        return place
    return min(default_parents(), key=lambda parent: len(str(parent)))


# Longest temporary directory that leaves room for the sockets of gpg's agents below it.
_LONGEST_PLACE = 28
_MARKER = "DEMO"


def _require_new(root: Path | None) -> None:
    """Refuse a root that exists: the demo removes its root at the end."""
    if root is not None and (root.exists() or root.is_symlink()):
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"{root} exists already; the demo makes its own root and removes it at the end",
            "Name a path that does not exist.",
        )


def _backend(tree: Path, cluster: TransientCluster, keys: DemoKeys) -> BackendService:
    create_database(cluster.conninfo(), "cutter_demo", "cutter-console demo")
    settings = Settings(
        database=DatabaseSettings(
            executor=cluster.conninfo("cutter_demo", "cutter_exec"),
            verifier=cluster.conninfo("cutter_demo", "cutter_verify"),
            monitor=cluster.conninfo("cutter_demo", "cutter_ro"),
            administrator=cluster.conninfo("cutter_demo"),
        ),
        gnupg_home=str(keys.home),
        backup_gpg_fpr=keys.backup_fingerprint,
        tree_may_hold=(_MARKER,),
        untested=True,  # No test run is recorded for the demo: the arming check says so as a note.
    )
    installation = Installation(Context(root=tree), settings, operator())
    init_tree(tree, json.dumps(json.loads(canonical_json(settings)), indent=2).encode())
    write_new_file(tree / _MARKER, b"Made by cutter-console demo; removed at its end.\n")
    _samples(installation)
    sovereign = Signer(name="demo sovereign", fingerprint=keys.sovereign_fingerprint)
    policy = Policy(signers=(sovereign,), thresholds=Thresholds(SG_1=1, SG_2=1), solo=True, operators=())
    replace_file(installation.policy, canonical_json(policy))
    return BackendService(installation, demo_signer=keys.sign_as_demo_sovereign)


def _pinned(installation: Installation) -> Installation:
    """Return the same installation, pinned to this host, with a deploy manifest of its tree that claims no test run."""
    replace_file(manifest_path(installation), canonical_json(_manifest(installation.context)))
    try:
        machine = machine_id(installation.context.filesystem)
    except Unmeasured:
        machine = ""  # A container without one still has a demo; the gate then says so.
    measured = measure_pins(installation, machine)
    write_pins(installation.root / CONFIG_NAME, measured)
    return replace(installation, settings=with_pins(installation.settings, measured))


def _manifest(context: Context) -> DeployManifest:
    """Return the manifest of this tree, without a commit if git refuses, as in the checkout of another user."""
    try:
        return build_manifest(context, None)
    except Unmeasured as error:
        return build_manifest(context, None, no_commit=error.message)


def _samples(installation: Installation) -> None:
    installation.intake.mkdir(mode=0o750)
    for entry in (resources.files("console") / "samples").iterdir():
        if entry.name.endswith(".md"):
            write_new_file(installation.intake / entry.name, entry.read_bytes())


def seed(backend: BackendService, say: Say) -> None:
    """Cut three documents and edit seven drafts, signed, armed and verified like any other."""
    cut_runs = {}
    for name, docprefix in _SEED:
        run = cut(backend, name, docprefix)
        cut_runs[docprefix] = run.run_id
        if docprefix == "DEMO-CONST":
            run = enact(backend, run.run_id)
        say(f"{docprefix}: {counted(run.n_units or 0, 'unit')}, {run.became or state_in_words(run.state.name)}")
    installation = backend.installation
    with connect(installation.settings.database.verifier, read_only=True) as connection:
        drafts = first_texts(connection, "DEMO-PROC", _EDITED)
    edits = tuple(
        DraftEdit(address=a, title=t, body=f"{body.rstrip()} Reviewed once a year.\n") for a, t, body in drafts
    )
    run_id = plan_edits(installation, "DEMO-PROC", edits)
    sign(backend, run_id)
    arming.arm(installation, run_id, Purpose.EDIT)
    done = apply_edits(installation, run_id)
    kill_switch.disarm(installation, "the edits are in")
    verify_drafts(installation, backend.run(cut_runs["DEMO-PROC"]), record=True)
    say(f"DEMO-PROC: {counted(done, 'draft')} edited and verified again")


def sign(backend: BackendService, run_id: str) -> None:
    """Draft a statement, sign it as the demo sovereign, and import it."""
    drafted = backend.draft_statement(run_id)
    signature = backend.sign_as_demo_sovereign(drafted.statement_path)
    backend.import_statement(drafted.statement_path, (signature,))


def cut(backend: BackendService, name: str, docprefix: str) -> RunView:
    """Make a dry run, then a LIVE run up to its second pause."""
    request = RunRequest(origin=f"file:{name}", docprefix=docprefix, profile="atx")
    backend.start(request, lambda _: None)
    run = backend.start(request.model_copy(update={"mode": Mode.LIVE}), lambda _: None)
    sign(backend, run.run_id)
    backend.arm(run.run_id, run.run_id)
    return backend.resume(run.run_id, lambda _: None)


def enact(backend: BackendService, run_id: str) -> RunView:
    """Import SG_2, then enact."""
    sign(backend, run_id)
    return backend.enact(run_id, run_id, lambda _: None)
