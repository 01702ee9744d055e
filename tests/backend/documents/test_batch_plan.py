"""The documents of a batch are named, planned with all cores and digested in their order; what cannot be in one is said."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.backend.documents.batch_plan import documents_of, plan_batch, prefix_of
from console.backend.documents.limits import DEFAULT_LIMITS
from console.backend.documents.planning import plan_document
from console.backend.model.batches import BatchPlan
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.plan import bind
from tests.support.plans import accepted

LAW = "# One\n\nText of {}.\n\n## Alpha\n\nFirst.\n"


def _folder(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(LAW.format(name), encoding="utf-8")
    return folder


def _planned(source: Path) -> BatchPlan:
    documents = documents_of(source, "atx", ordinals=False)
    return plan_batch(documents, source.parent / "profiles", DEFAULT_LIMITS, lambda: datetime.now(UTC))


@pytest.mark.usefixtures("plans_here")
def test_a_folder_is_planned_as_each_of_its_documents_would_be(tmp_path: Path) -> None:
    planned = _planned(_folder(tmp_path, "law-a.md", "law-b.md"))
    own = plan_document(
        LAW.format("law-a.md").encode(), origin="file:law-a.md", docprefix="LAW-A", profile="atx", ordinals=False
    )
    assert planned.documents[0].plan_digest == bind(accepted(own), None).plan_digest
    lines = "\n".join(f"{one.position}\t{one.docprefix}\t{one.plan_digest}" for one in planned.documents)
    assert (planned.outcome, planned.n_planned, planned.n_units) == (Outcome.PASS, 2, 4)
    assert planned.digest == sha256_hex(lines.encode())


_CAPTURED = """
import io, sys
from pathlib import Path
from tests.backend.documents.test_batch_plan import _planned

class Captured(io.StringIO):
    def fileno(self) -> int:
        return -1

if __name__ == "__main__":
    sys.stderr = Captured()
    print(_planned(Path(sys.argv[1])).n_planned)
"""


def test_a_folder_is_planned_where_the_standard_error_is_no_file(tmp_path: Path) -> None:
    """The full-screen console takes it over; the workers could not be started from it."""
    (tmp_path / "plan.py").write_text(_CAPTURED, encoding="utf-8")
    folder = _folder(tmp_path / "laws", "law-a.md")
    planned = subprocess.run(
        [sys.executable, str(tmp_path / "plan.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert planned.stdout == "1\n"


def test_the_digest_is_of_the_documents_in_their_order(tmp_path: Path) -> None:
    _folder(tmp_path, "one.md", "two.md")
    entries = [f'[[document]]\nfile = "{name}.md"\ndocprefix = "{name.upper()}"\n' for name in ("one", "two")]
    digests = []
    for number, order in enumerate((entries, entries[::-1])):
        queue = tmp_path / f"queue-{number}.toml"
        queue.write_text("\n".join(order), encoding="utf-8")
        digests.append(_planned(queue).digest)
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("arbzg.md", "ARBZG"),
        ("b__bgb.md", "B-BGB"),
        ("Straßen-VO 2020.txt", "STRAEN-VO-2020"),
        ("Điều lệ.md", "IEU-LE"),
    ],
)
def test_a_prefix_is_made_of_the_letters_and_digits_of_the_name(name: str, prefix: str) -> None:
    assert prefix_of(name) == prefix


@pytest.mark.usefixtures("plans_here")
def test_documents_that_would_share_a_prefix_or_a_name_are_refused_by_name(tmp_path: Path) -> None:
    _folder(tmp_path, "law a.md", "law_a.md", "sub/other.md", "more/other.md", "good.md")
    planned = _planned(tmp_path)
    refused = {one.name: one.detail for one in planned.documents if one.outcome is Outcome.FAIL}
    assert set(refused) == {"law a.md", "law_a.md", "sub/other.md", "more/other.md"}
    assert "LAW-A is given to 2 documents" in refused["law a.md"]
    assert (planned.n_planned, planned.n_refused) == (1, 4)


@pytest.mark.usefixtures("plans_here")
def test_a_queue_names_prefix_profile_and_accept_file_of_each_document(tmp_path: Path) -> None:
    _folder(tmp_path, "one.md")
    (tmp_path / "two.md").write_text("# Eins\n\n## § 1 Erstes\n\nText.\n", encoding="utf-8")
    queue = tmp_path / "queue.toml"
    queue.write_text(
        'profile = "atx"\n[[document]]\nfile = "one.md"\ndocprefix = "ACME-ONE"\n'
        '[[document]]\nfile = "two.md"\ndocprefix = "ACME-TWO"\nprofile = "de-law"\n',
        encoding="utf-8",
    )
    planned = _planned(queue)
    assert [(one.docprefix, one.profile, one.outcome) for one in planned.documents] == [
        ("ACME-ONE", "atx", Outcome.PASS),
        ("ACME-TWO", "de-law", Outcome.PASS),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "profile = 1",
        "[[document]]\nfile = 'one.md'\n",
        "[[document]]\nfile='a'\ndocprefix='B'\nmode='LIVE'\n",
        "\0",
    ],
)
def test_a_queue_that_is_none_is_refused_whole(tmp_path: Path, text: str) -> None:
    queue = tmp_path / "queue.toml"
    queue.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="no queue of documents"):
        documents_of(queue, "atx", ordinals=False)


def test_a_source_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no document"):
        documents_of(tmp_path, "atx", ordinals=False)
    with pytest.raises(Refused):
        documents_of(tmp_path / "nothing", "atx", ordinals=False)
