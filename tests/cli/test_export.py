"""document export: a planned file, and what the database has, whole, to a new file or to standard output."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres.connections import Opened, counted
from console.cli.main import main
from tests.backend.documents.test_akn_intake import art, xml
from tests.support.akn_reader import all_text, schema_faults, squeezed, units_of
from tests.support.passage import DOCPREFIX, TEXT, UNITS, Passage

At = Callable[[str], Passage]
FACTS = ["--country", "de", "--language", "deu", "--date", "2020-01-31"]


@pytest.fixture
def law(tmp_path: Path) -> Path:
    """A document."""
    path = tmp_path / "law.md"
    path.write_text(TEXT)
    return path


def exported(root: Path, *words: str) -> int:
    """Run the command; its exit status."""
    return main(["--root", str(root), "document", "export", *words])


def of_database(passage: Passage, *words: str) -> int:
    """Export what the database has; the exit status."""
    return exported(passage.installation.root, "--docprefix", DOCPREFIX, *words)


def test_a_file_is_exported_as_its_canonical_text(
    tmp_path: Path, law: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert exported(tmp_path, str(law), "--docprefix", "ACME", "--format", "md") == 0
    assert capsysbinary.readouterr().out == law.read_bytes()


def test_a_file_is_exported_as_json_with_every_text(
    tmp_path: Path, law: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert exported(tmp_path, str(law), "--docprefix", "ACME", "--format", "json") == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert document["schema"] == "cutter-console/document/1"
    assert "".join(portion["text"] for portion in document["portions"]) == TEXT
    assert [portion["address"] for portion in document["portions"]] == ["ACME/ONE", "ACME/ONE/ALPHA", "ACME/ONE/BETA"]


def test_the_answer_names_the_new_file_and_its_digest(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.xml"
    assert exported(tmp_path, "--json", str(law), "--docprefix", "ACME", *FACTS, "--out", str(new)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "cutter-console/document-export/1"
    assert (answer["path"], answer["sha256"]) == (str(new), sha256_hex(new.read_bytes()))
    assert (answer["standing"], answer["n_units"]) == ("planned", 3)
    assert schema_faults(new.read_bytes()) == []


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exported(tmp_path, str(law), "--docprefix", "ACME", *FACTS, "--out", str(law)) == 4
    assert "Name a new file with --out." in capsys.readouterr().err
    assert law.read_text() == TEXT


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["FILE"], "--format akn also needs --country, --language, --date: no text states them"),
        (["FILE", "--country", "de"], "also needs --language, --date"),
        (["FILE", "--format", "md", "--country", "de"], "belong to --format akn"),
        (["--format", "md", "--ordinals"], "belong to FILE"),
        (["FILE", "--format", "md", "--drafts"], "a file has no drafts"),
        (["FILE", "--format", "md", "--as-of", "2026-11-28"], "a file is of no moment"),
        (["--format", "md", "--drafts", "--as-of", "2026-11-28"], "leave --drafts out"),
        (["--format", "md", "--as-of", "yesterday"], "--as-of 'yesterday' is not a day"),
        (["FILE", "--format", "md", "--json"], "--json needs --out NEW"),
        (["FILE", *FACTS[:-1], "2020-13-01"], "no day of the calendar"),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(
    words: list[str], message: str, tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(law) if word == "FILE" else word for word in words]
    (tmp_path / "runs").mkdir()
    assert exported(tmp_path, "--docprefix", "ACME", *given) == 2
    assert message in capsys.readouterr().err


def test_a_terminal_gets_no_document(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert exported(tmp_path, str(law), "--docprefix", "ACME", "--format", "md") == 4
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "standard output is a terminal" in printed.err


def test_what_cannot_be_planned_or_written_is_refused_with_its_line(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    law.write_text("# One\n\nText.\n\n# One\n\nText.\n")
    assert exported(tmp_path, str(law), "--docprefix", "ACME", *FACTS) == 4
    refusal = capsys.readouterr().err
    assert "line 5: ACME/ONE is already the address of line 1" in refusal
    assert f"cutter-console --root {tmp_path} plan {law} --docprefix ACME --profile atx\n" in refusal
    law.write_text("# One\n\nA\x0cform feed.\n")
    assert exported(tmp_path, str(law), "--docprefix", "ACME", *FACTS) == 4
    assert "line 3: U+000C in ACME/ONE: XML 1.0 cannot hold it" in capsys.readouterr().err
    assert exported(tmp_path, str(law), "--docprefix", "ACME", "--format", "md") == 0


def test_what_is_in_force_is_exported_as_it_was_cut(at: At, tmp_path: Path) -> None:
    passage = at("enacted")
    text, xml = tmp_path / "text.md", tmp_path / "law.xml"
    assert of_database(passage, "--format", "md", "--out", str(text)) == 0
    assert text.read_text() == TEXT
    assert of_database(passage, *FACTS, "--out", str(xml)) == 0
    data = xml.read_bytes()
    assert schema_faults(data) == []
    assert len(units_of(data)) == UNITS
    assert squeezed("".join(all_text(data))) == squeezed(TEXT)
    assert b'standing="enacted"' in data
    assert b"FRBRauthoritative" not in data


def test_what_was_in_force_is_exported_as_of_a_moment(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage, text = at("enacted"), tmp_path / "text.md"
    assert of_database(passage, "--format", "md", "--as-of", "9999-12-31", "--out", str(text)) == 0
    assert text.read_text() == TEXT
    assert of_database(passage, "--format", "md", "--as-of", "2001-01-01") != 0
    assert "is in force at 2001-01-01" in capsys.readouterr().err


def test_drafts_are_exported_when_asked_for_and_say_so(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage, xml = at("waits for SG_2"), tmp_path / "law.xml"
    assert of_database(passage, *FACTS, "--out", str(xml)) == 4
    assert f"{UNITS} of {UNITS} units of {DOCPREFIX} are drafts, and not in force" in capsys.readouterr().err
    assert not xml.exists()
    assert of_database(passage, *FACTS, "--drafts", "--out", str(xml)) == 0
    data = xml.read_bytes()
    assert schema_faults(data) == []
    assert data.count(b'cc:standing="draft"') == UNITS
    assert b'<FRBRauthoritative value="false"/>' in data


def test_it_is_read_by_one_connection_of_the_monitoring_role(at: At, tmp_path: Path) -> None:
    passage = at("enacted")
    with counted() as opened:
        assert of_database(passage, "--format", "md", "--out", str(tmp_path / "new")) == 0
    assert opened == [Opened(passage.installation.settings.database.monitor, "export")]


def test_an_unknown_document_is_refused(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    root = at("enacted").installation.root
    assert exported(root, "--docprefix", "ACME-NONE", "--format", "md") == 4
    assert "STOP_DOCUMENT_UNKNOWN" in capsys.readouterr().err


def test_without_the_plan_that_the_database_recorded_the_order_is_not_guessed(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage, new = at("enacted"), tmp_path / "new"
    directory = passage.installation.root / "runs" / passage.run_id
    plan = (directory / "plan.json").read_bytes()
    (directory / "plan.json").write_bytes(plan.replace(b"Alpha", b"Omega"))
    assert of_database(passage, "--format", "md", "--out", str(new)) == 4
    assert f"the order of the units of {DOCPREFIX} is not known here" in capsys.readouterr().err
    (directory / "plan.json").write_bytes(plan)
    (directory / "source.raw").write_text(f"{TEXT}\nMore.\n")
    assert of_database(passage, "--format", "md", "--out", str(new)) == 4
    assert not new.exists()


def test_a_unit_that_is_no_longer_in_force_is_named(at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    passage, new = at("enacted"), tmp_path / "new"
    passage.execute("ALTER TABLE public.information_unit DISABLE TRIGGER USER")
    passage.execute(
        "UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE canonical_address = %s",
        f"{DOCPREFIX}/ONE/BETA",
    )
    assert of_database(passage, "--format", "md", "--out", str(new)) == 5
    assert f"units that readers see and the plan differ: {DOCPREFIX}/ONE/BETA" in capsys.readouterr().err
    assert not new.exists()


@pytest.mark.parametrize("author", ["a\x01b", "a\nb", "\x9b"])
def test_facts_are_looked_at_before_anything_is_read(
    tmp_path: Path, author: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(tmp_path, str(tmp_path / "gone.md"), "--docprefix", "ACME", *FACTS, "--author", author) == 2
    assert "--author" in capsys.readouterr().err


def test_what_markup_has_and_an_export_lacks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "law.xml"
    path.write_bytes(xml(art("1", "<p>Rule.<authorialNote><p>Note.</p></authorialNote></p>")))
    assert exported(tmp_path, str(path), "--docprefix", "ACME", "--profile", "akn", "--format", "md") == 0
    printed = capsys.readouterr()
    assert "Note" not in printed.out
    assert "not in it: 2 metadata, 1 note (5 characters)" in printed.err
