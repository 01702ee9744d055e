"""Pointed at a database that was there before, the console reads it, says what it cannot measure, and changes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.app.application import ConsoleApp
from console.backend.model.errors import Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Board
from console.backend.model.view_models import SwitchState
from console.backend.postgres import unit_search
from console.backend.runs import unit_search as run_unit_search
from console.backend.service import BackendService
from console.screens import overview_text
from console.screens.drift import DriftScreen
from console.widgets.line import plain
from tests.adoption.conftest import TEMPLATE, Adopted, cluster_with_likeness, may_only_select, pointed_at
from tests.conftest import Database
from tests.screens.conftest import press, settle
from tests.support.fingerprint import fingerprint

COUNTS = {"public.information_unit": 158, "public.unit_version": 165, "public.iu_lifecycle_log": 60}

_DEFAULT = """
    CREATE FUNCTION public.next_id() RETURNS uuid LANGUAGE plpgsql AS 'BEGIN RETURN gen_random_uuid(); END';
    REVOKE EXECUTE ON FUNCTION public.next_id() FROM PUBLIC;
    ALTER TABLE public.information_unit ALTER id SET DEFAULT public.next_id();
"""


def test_status_and_counts_have_the_rows_and_a_reason_for_what_is_missing(adopted: Adopted) -> None:
    status, answer = adopted.json("status")

    assert (status, answer["outcome"]) == (0, "PARTIAL")
    assert {row["table"]: row["rows"] for row in answer["counts"][:3]} == COUNTS  # type: ignore[index]
    assert answer["target"]["database"] == adopted.database.name  # type: ignore[index]
    assert answer["role"] == "watcher"
    assert answer["switch"]["state"] == SwitchState.UNREADABLE  # type: ignore[index]
    missing = answer["not_measured"]
    assert isinstance(missing, list)
    assert [row["subject"] for row in missing] == ["layout", "baseline", "runs and rulings"]
    assert all(row["reason"] and row["next_action"] for row in missing)
    code, counted = adopted.json("counts")
    assert (code, counted["outcome"], len(counted["counts"])) == (0, "PASS", 17)  # type: ignore[arg-type]
    assert all(row["baseline"] is None for row in counted["counts"])  # type: ignore[attr-defined]


def test_units_are_searched_by_address_and_word_without_an_index_and_nothing_is_installed(adopted: Adopted) -> None:
    before = fingerprint(adopted.database)
    status, page = adopted.json("unit", "search", "LIB-RULES/S00", "--limit", "2")
    assert (status, page["outcome"], page["has_index"], page["more"]) == (0, "PARTIAL", False, True)
    assert [unit["address"] for unit in page["units"]] == ["LIB-RULES/S001", "LIB-RULES/S002"]  # type: ignore[attr-defined]
    said = adopted.command("unit", "search", "LIB-RULES/S00", "--limit", "2")[2]
    goes_on = "next: cutter-console unit search LIB-RULES/S00 --by address --limit 2 --after LIB-RULES/S002"
    assert goes_on in said.replace(f"--root {adopted.installation.root} ", "")
    _, rest, _ = adopted.command("unit", "search", "LIB-RULES/S00", "--by", "address", "--after", "LIB-RULES/S008")
    assert [line.split()[0] for line in rest.splitlines()] == ["LIB-RULES/S009"]
    by_words = adopted.json("unit", "search", "rule 2")[1]
    assert by_words["searched_by"] == "words"
    assert "LIB-RULES/S001" in [unit["address"] for unit in by_words["units"]]  # type: ignore[attr-defined]
    assert all(unit["snippet"] for unit in by_words["units"])  # type: ignore[attr-defined]
    assert adopted.json("unit", "search", "rule", "--as-of", "2026-11-28")[0] == 7
    unit = adopted.backend.unit("LIB-RULES/S001")
    assert (unit.lifecycle, unit.versions) == ("enacted", ())
    assert unit.body
    assert unit.not_measured
    assert fingerprint(adopted.database) == before


def test_units_are_listed_page_by_page_and_shown_with_their_text(adopted: Adopted) -> None:
    status, page = adopted.json("unit", "list")
    units = page["units"]
    assert isinstance(units, list)
    assert (status, len(units), page["more"], page["not_measured"]) == (0, 158, False, [])
    assert [unit["address"] for unit in units] == sorted(unit["address"] for unit in units)
    assert units[1] == {
        "address": "LIB-RULES/S001",
        "lifecycle": "enacted",
        "unit_kind": "law_unit",
        "section_type": "article",
        "number": "1",
        "title": "Rule 2",
        "parent": "LIB-RULES",
        "deleted": False,
    }
    _, rest, _ = adopted.command("unit", "list", "LIB-RULES", "--after", "LIB-RULES/S155")
    assert [line.split()[0] for line in rest.splitlines()] == ["LIB-RULES/S156", "LIB-RULES/S157"]
    assert adopted.json("unit", "list", "ANOTHER")[1]["units"] == []

    status, unit = adopted.json("unit", "show", "LIB-RULES/S001")

    assert (status, unit["outcome"]) == (0, "PARTIAL")
    assert (unit["body"], unit["version_seq"], unit["versions"]) == ("Text of rule 2.", "2", 2)
    assert (unit["parent"], unit["lifecycle"], unit["content_hash"]) == ("LIB-RULES", "enacted", unit["body_sha256"])
    assert unit["problems"] == []
    assert [row["subject"] for row in unit["not_measured"]] == ["when and by which ruling it is in force"]  # type: ignore[attr-defined]
    status, _, said = adopted.command("unit", "show", "LIB-RULES/S1")
    assert status == 4
    assert "STOP_DOCUMENT_UNKNOWN" in said
    assert "did you mean LIB-RULES/S" in said
    status, _, said = adopted.command("unit", "show", "LIB-RULES/S001", "--as-of", "2026-01-01")
    assert status == 7
    assert "when a text was in force is not recorded there" in said


def test_drift_is_compared_with_the_inventory_that_this_host_has_pinned(adopted: Adopted) -> None:
    status, _, said = adopted.command("drift")
    assert status == 7, "without a pin there is nothing to compare with, which is no PASS"
    assert "no inventory of it is pinned on this host" in said
    assert "init --pin" in said

    assert adopted.command("init", "--pin")[0] == 0
    assert adopted.command("drift")[:2] == (0, f"no difference; schema digest {_pinned(adopted)}\n")
    adopted.execute(
        "ALTER TABLE unit_version DISABLE TRIGGER trg_uv_immutable; GRANT UPDATE ON dot_config TO cutter_ro;"
        " ALTER TABLE iu_lifecycle_log ADD COLUMN more text; ALTER FUNCTION fn_library_add OWNER TO workflow_admin"
    )

    status, answer = adopted.json("drift")

    differences = answer["differences"]
    assert isinstance(differences, list)
    assert status == 5
    assert {(row["what"], row["subject"]) for row in differences} == {
        ("trigger state", "trg_uv_immutable on public.unit_version"),
        ("grant", "cutter_ro on public.dot_config"),
        ("column", "public.iu_lifecycle_log.more"),
        ("owner", "function public.fn_library_add(p_address text, p_title text, p_body text)"),
        ("grant", "directus on function public.fn_library_add(p_address text, p_title text, p_body text)"),
        ("grant", "workflow_admin on function public.fn_library_add(p_address text, p_title text, p_body text)"),
    }
    assert not any(
        word in str(row["repair"]) for row in differences for word in ("ALTER", "GRANT", "REVOKE", "migrate")
    )


def test_an_inventory_that_was_changed_or_taken_away_is_no_pass(adopted: Adopted) -> None:
    assert adopted.command("init", "--pin")[0] == 0
    path = adopted.installation.site_inventory
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"directus", b"somebody"))
    status, _, said = adopted.command("drift")
    assert (status, "somebody changed the file or the pin" in said) == (7, True)
    path.unlink()
    status, _, said = adopted.command("drift")
    assert (status, f"{path} is gone" in said) == (7, True)
    path.write_bytes(kept)
    assert adopted.command("drift")[0] == 0


def test_no_gate_passes_by_a_question_that_means_something_else_there(adopted: Adopted) -> None:
    assert adopted.command("init", "--pin")[0] == 0

    board = adopted.backend.gates()

    assert {
        (gate.gate, check.name) for gate in board.gates for check in gate.checks if check.outcome is Outcome.PASS
    } >= {
        ("G0", "database"),
        ("G0", "grants and definitions"),
        ("G0", "inventory pinned"),
        ("G1", "direct writes refused as the monitor"),
        ("G3", "programs"),
        ("G8", "R5 two clocks"),
    }
    own = {
        "G1": {
            "connections",
            "LIVE refuses while the switch is off",
            "rows as recorded",
            "kept numbers",
            "text in force as pinned",
        },
        "G3": {"tables dumpable"},
        "G4": {"guards", "revert functions", "soft revert", "nobody may delete"},
        "G5": {"N = 1", "function digests", "no constant of a document"},
        "G6": {"a safe target"},
        "G7": {"policy in the database", "package", "statements"},
        "G8": {"F1 live writers", "F2 live text", "R1 both passwords in one hand"},
        "G10": {"journals"},
    }
    for gate, names in own.items():
        for name in names:
            check = _check(board, gate, name)
            assert check[0] is Outcome.INCONCLUSIVE, (gate, name, check)
            assert "nothing of this console is installed in this database" in check[1], (gate, name)
            assert "adopt inspect" in check[2], (gate, name)
            assert "migrate" not in check[2], (gate, name)


def test_no_session_is_opened_as_a_role_whose_name_the_organisation_uses(adopted: Adopted) -> None:
    adopted.execute("ALTER ROLE cutter_exec NOLOGIN; ALTER ROLE cutter_verify NOLOGIN")
    try:
        board = BackendService(adopted.backend.installation).gates()
    finally:
        adopted.execute("ALTER ROLE cutter_exec LOGIN; ALTER ROLE cutter_verify LOGIN")

    details = [check.detail for gate in board.gates for check in gate.checks]
    assert not [detail for detail in details if "not permitted to log in" in detail]


@pytest.mark.parametrize(
    "words",
    [
        ("document", "list"),
        ("document", "show", "LIB-RULES"),
        ("document", "history", "LIB-RULES"),
        ("unit", "history", "LIB-RULES"),
        ("run", "list"),
    ],
    ids=" ".join,
)
def test_a_command_about_the_consoles_own_records_says_that_there_are_none(
    adopted: Adopted, words: tuple[str, ...]
) -> None:
    status, _, said = adopted.command(*words)

    assert status == 7
    assert "nothing of this console is installed in this database, which has units of its own" in said
    assert "unit list" in said
    assert "Traceback" not in said


async def test_every_screen_opens_read_only_and_says_what_is_not_measured(adopted: Adopted) -> None:
    adopted.backend.require_read_only_role()
    app = ConsoleApp(adopted.backend, read_only=True, demo=False, refresh_seconds=86_400)
    async with app.run_test(size=(150, 45)) as pilot:
        await settle(pilot)
        assert app.status is not None
        assert {count.table: count.rows for count in app.status.counts[:3]} == COUNTS
        said = "\n".join(
            plain(spans)
            for spans in (
                *overview_text.where(app.status, read_only=True),
                *overview_text.waiting(app.status, app.clock(), app.registry, app.full_command),
                *overview_text.current_run(app.status, app.clock()),
            )
        )
        assert "site mapping proposed from the catalogue" in said
        assert "NOT MEASURED in this database:" in said
        assert "runs and rulings: nothing of this console is installed" in said
        assert "Nothing waits" not in said
        assert "No run is in progress" not in said
        await press(pilot, "2", "3", "4")
        assert "nothing of this console is installed" in app.notice.what
        await press(pilot, "5", "6")
        assert isinstance(app.screen, DriftScreen)
        failure = app.readiness.drift.failure
        assert isinstance(failure, Unmeasured)
        assert "init --pin" in failure.next_action


def test_reading_changes_nothing_and_the_role_could_not(adopted: Adopted) -> None:
    may_only_select(adopted.database, "watcher")
    before = fingerprint(adopted.database)

    for words in (("status",), ("counts",), ("gates",), ("init", "--pin"), ("drift",), ("unit", "list")):
        adopted.command(*words)
    adopted.command("unit", "show", "LIB-RULES/S003")
    adopted.command("adopt", "inspect")
    adopted.command("migrate")

    assert fingerprint(adopted.database) == before


def _pinned(adopted: Adopted) -> str:
    config = json.loads((adopted.installation.root / "orchestrator.config.json").read_text())
    return str(config["pins"]["schema_digest"])


def _check(board: Board, gate: str, name: str) -> tuple[Outcome, str, str]:
    report = board.gate(gate)
    assert report is not None
    check = next(check for check in report.checks if check.name == name)
    return check.outcome, check.detail, check.next_action


@pytest.mark.versions
@pytest.mark.parametrize("major", [15, 18])
def test_it_is_read_and_proved_on_other_versions_too(
    major: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with cluster_with_likeness(major) as cluster:
        adopted = pointed_at(Database(cluster, TEMPLATE), tmp_path, monkeypatch, capsys)
        before = fingerprint(adopted.database)
        assert adopted.json("counts")[1]["outcome"] == "PASS"
        assert adopted.json("unit", "show", "LIB-RULES/S001")[1]["problems"] == []
        assert adopted.command("init", "--pin")[0] == 0
        assert adopted.command("drift")[0] == 0
        status, answer = adopted.json("adopt", "check")
        open_now = [check for check in answer["checks"] if check["outcome"] not in {"PASS", "PARTIAL"}]  # type: ignore[attr-defined]
        # There is no function yet by which rows of a run could be tried: of each governance table nothing is known.
        assert (status, len(open_now)) == (7, 11)
        assert all(check["name"].startswith("governance rows: cutter_governance.") for check in open_now), open_now
        assert all("no function yet" in check["detail"] for check in open_now), open_now
        assert fingerprint(adopted.database) == before


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("UPDATE", "UPDATE public.information_unit"),
        ("UPDATE (doc_code)", "UPDATE public.information_unit"),
        ("INSERT", "INSERT INTO public.information_unit"),
        ("INSERT (doc_code)", "INSERT INTO public.information_unit"),
        ("DELETE", "DELETE FROM public.information_unit"),
    ],
)
def test_a_role_that_may_write_is_met_though_a_default_calls_what_it_may_not_execute(
    adopted: Adopted, right: str, words: str
) -> None:
    """The plan of such a default is refused with the SQLSTATE of a missing privilege, and the write itself is not."""
    assert adopted.command("init", "--pin")[0] == 0
    adopted.execute(_DEFAULT)
    adopted.execute(f"GRANT {right} ON public.information_unit TO watcher")

    outcome, detail, _ = _check(adopted.backend.gates(("G1",)), "G1", "direct writes refused as the monitor")

    assert (outcome, f"{words} met nothing" in detail, detail.count(" met ")) == (Outcome.FAIL, True, 1), detail


def test_without_an_answer_about_the_layout_no_role_of_the_organisation_is_used_and_nothing_is_judged(
    adopted: Adopted,
) -> None:
    adopted.execute("ALTER ROLE watcher CONNECTION LIMIT 0")
    try:
        board = BackendService(adopted.backend.installation).gates()
    finally:
        adopted.execute("ALTER ROLE watcher CONNECTION LIMIT -1")

    for gate, name in (
        ("G1", "direct writes refused as the verifier"),
        ("G3", "tables dumpable"),
        ("G6", "a safe target"),
    ):
        outcome, detail, _ = _check(board, gate, name)
        assert outcome is Outcome.INCONCLUSIVE
        assert "too many connections for role" in detail, (gate, name)


def test_words_are_looked_for_piece_by_piece_where_there_is_no_index(
    adopted: Adopted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece ends by its units or by the bytes of their texts; then the answer says how far was looked."""
    whole = _searched(adopted, "--limit", "500")
    assert whole[-1]["looked_to"] == ""
    addresses = [unit["address"] for page in whole for unit in page["units"]]
    assert len(addresses) > 50
    monkeypatch.setattr(run_unit_search, "LOOKING_S", 0.0)
    for bound, value in (("PIECE", 40), ("PIECE_BYTES", 500)):
        with monkeypatch.context() as bounded:
            bounded.setattr(unit_search, bound, value)
            pages = _searched(adopted, "--limit", "500")
            assert len(pages) > 2
            assert all(page["more"] and page["looked_to"] for page in pages[:-1])
            assert [unit["address"] for page in pages for unit in page["units"]] == addresses


def test_what_is_printed_of_a_page_that_was_not_looked_for_to_its_end_fits_what_was_asked(
    adopted: Adopted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_unit_search, "LOOKING_S", 0.0)
    monkeypatch.setattr(unit_search, "PIECE", 10)
    said = adopted.command("unit", "search", "rule")[2]
    assert "Fewer are looked at with a document (--document P) or a rarer word." in said
    assert "--by words" in said
    said = adopted.command("unit", "search", "rule", "--document", "LIB-RULES")[2]
    assert "Fewer are looked at with a rarer word." in said


def test_columns_of_any_name_are_searched(adopted: Adopted) -> None:
    """Also those that read as a place for a value, or as one of the statement's own parts."""
    before = adopted.json("unit", "search", "rule 2")[1]["units"]
    file = adopted.installation.site_mapping
    assert adopted.command("adopt", "inspect", "--out", str(file))[0] == 0
    names = {"title": "net %(eur) %", "body": "{words}", "section_code": "%(most)s{way}{folded}"}
    mapping = file.read_text()
    for name, other in names.items():
        table = "information_unit" if name == "section_code" else "unit_version"
        adopted.execute(f'ALTER TABLE public.{table} RENAME COLUMN {name} TO "{other}"')
        assert f'column = "{name}"' in mapping
        mapping = mapping.replace(f'column = "{name}"', f'column = "{other}"')
    file.write_text(mapping)

    assert adopted.json("unit", "search", "rule 2")[1]["units"] == before


def _searched(adopted: Adopted, *options: str) -> list[dict[str, Any]]:
    """The pages of a search until there is no further unit."""
    pages: list[dict[str, Any]] = []
    after: tuple[str, ...] = ()
    while True:
        answer: dict[str, Any] = adopted.json("unit", "search", "rule", *options, *after)[1]
        pages.append(answer)
        if not pages[-1]["more"]:
            return pages
        beyond = pages[-1]["looked_to"] or pages[-1]["units"][-1]["address"]
        after = ("--by", pages[-1]["searched_by"], "--after", beyond)
