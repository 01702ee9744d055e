"""Pages of a journal: any place of a file of any length, and whatever lies there, sound or not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.journal import journal_pages
from console.backend.journal.journal_pages import MOST_OF_A_PAGE, JournalPage, JournalQuery, Only, read_entry, read_page
from console.backend.journal.journal_record import MAX_RECORD_BYTES, RecordKind, parse_line
from console.backend.model.errors import Drifted, UsageError
from tests.backend.journal.test_journal import RUN
from tests.support.fake_journals import journal_lines

FOR_AN_OPERATOR = journal_pages._MOST_LOOKED_AT
MOST_LOOKED_AT = 1_000
"""Lines that one question looks at, here: a twentieth of what it is for an operator."""
MANY = 1_050
"""More lines than one question looks at."""
Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def few_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of a thousand records is long for one question."""
    monkeypatch.setattr(journal_pages, "_MOST_LOOKED_AT", MOST_LOOKED_AT)


def test_one_question_of_an_operator_looks_at_twenty_times_as_many_lines_as_here() -> None:
    """Some thousand are a journal of a long run; what looked at millions would keep the screen waiting for seconds."""
    assert FOR_AN_OPERATOR == 20 * MOST_LOOKED_AT
    assert MOST_OF_A_PAGE < MOST_LOOKED_AT < MANY < FOR_AN_OPERATOR


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound journal of many records."""
    path = tmp_path_factory.mktemp("journal") / "long.jsonl"
    with path.open("wb") as stream:
        stream.writelines(journal_lines(RUN, MANY))
    return path


@pytest.fixture
def lines() -> list[bytes]:
    """A small sound journal; its last record is an intent."""
    return list(journal_lines(RUN, 32))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes these lines as a journal."""

    def written(lines: list[bytes], tail: bytes = b"") -> Path:
        path = tmp_path / "journal.jsonl"
        path.write_bytes(b"".join(lines) + tail)
        return path

    return written


def _page(path: Path, **wanted: object) -> JournalPage:
    return read_page(path, JournalQuery.model_validate({"run_id": RUN, **wanted}))


def _numbers(page: JournalPage) -> list[int | None]:
    return [entry.number for entry in page.entries]


def test_the_last_page_and_every_page_before_it_give_each_record_once(long: Path) -> None:
    page = _page(long)
    assert _numbers(page)[-1] == page.newest == MANY - 1
    assert not page.more_behind
    numbers = _numbers(page)
    while page.more_before:
        page = _page(long, at=page.begins_at, back=True, limit=MOST_OF_A_PAGE)
        numbers = [*_numbers(page), *numbers]
    assert numbers == list(range(MANY))


def test_pages_from_the_first_on_give_each_record_once(long: Path) -> None:
    page = _page(long, at=0, limit=1_000)
    numbers = _numbers(page)
    assert len(numbers) == MOST_OF_A_PAGE
    while page.more_behind:
        page = _page(long, at=page.ends_at, limit=MOST_OF_A_PAGE)
        numbers += _numbers(page)
    assert numbers == list(range(MANY))


@pytest.mark.parametrize("number", [0, 1, 17, 617, MANY - 1])
def test_a_record_is_gone_to_by_its_number_and_by_its_time(long: Path, number: int) -> None:
    page = _page(long, goto=str(number), limit=3)
    entry = page.entries[0]
    assert (entry.number, page.target) == (number, entry.offset)
    assert entry.at is not None
    assert _numbers(_page(long, goto=entry.at.isoformat(), limit=1)) == [number]
    around = _page(long, goto=f"#{number}", context=2, limit=2)
    assert _numbers(around) == list(range(max(number - 2, 0), min(number + 2, MANY)))


def test_an_hour_is_that_of_the_last_day_and_a_day_begins_at_midnight(long: Path) -> None:
    newest = _page(long).newest_at
    assert newest is not None
    entry = _page(long, goto=f"{newest:%H:%M}", limit=1).entries[0]
    assert entry.at is not None
    assert f"{entry.at:%d %H:%M:%S}" == f"{newest:%d %H:%M}:00"
    assert _numbers(_page(long, goto=f"{newest:%Y-%m-%d}", limit=1)) == [0]


def test_a_place_behind_the_end_shows_the_end_and_one_that_is_none_is_refused(long: Path) -> None:
    page = _page(long, goto=str(MANY), limit=1)
    assert (_numbers(page), page.target) == ([MANY - 1], None)
    for nonsense in ("soon", "25:00", "2026-02-30"):
        with pytest.raises(UsageError):
            _page(long, goto=nonsense)


def test_a_filter_looks_at_a_part_of_a_long_journal_and_says_how_far(long: Path) -> None:
    page = _page(long, word="xid 702, role", only=Only.NOTE)
    assert (page.entries, page.more_before) == ((), True)
    page = _page(long, word="XID 702, role", only=Only.NOTE, at=page.begins_at, back=True)
    assert (_numbers(page), page.more_before) == ([2], False)
    assert _numbers(_page(long, only=Only.RESULT, limit=2)) == [MANY - 6, MANY - 3]


def test_a_word_is_looked_for_in_what_a_record_says_and_not_in_how_it_is_written(long: Path) -> None:
    assert _page(long, word='"kind":"note"').entries == ()
    assert _page(long, word="sequence").entries == ()
    assert _numbers(_page(long, word="ĐIỀU 27,", at=0)) == [27]


def test_an_intent_without_a_result_is_marked_and_one_with_it_is_not(lines: list[bytes], write: Write) -> None:
    assert _numbers(_page(write(lines), only=Only.MARKED)) == [31]
    assert "at work, or was interrupted" in _page(write(lines)).entries[-1].lacks
    without = [line for line in lines if b'"sequence":27,' not in line]
    marked = _page(write(without), only=Only.MARKED).entries
    assert [(entry.number, bool(entry.fault)) for entry in marked] == [(25, False), (28, True), (31, False)]
    assert "the next operation began without it" in marked[0].lacks


def _edited(lines: list[bytes]) -> list[bytes]:
    return [*lines[:10], lines[10].replace(b"T13", b"T12"), *lines[11:]]


@pytest.mark.parametrize(
    ("harm", "place", "fault"),
    [
        (_edited, 10, "changed after it was written"),
        (lambda lines: lines[:10] + lines[11:], 10, "number 11 is in its place"),
        (lambda lines: [*lines[:10], lines[10].replace(b":", b": ", 1), *lines[11:]], 10, "not written as the journal"),
        (lambda lines: [*lines[:10], b"\x1b[31m\xff\n", *lines[10:]], 10, "not a journal record"),
        (lambda lines: [*lines[:10], b"x" * (MAX_RECORD_BYTES + 9) + b"\n", *lines[10:]], 10, "not a journal record"),
        (lambda lines: lines[1:], 0, "number 1 is in its place"),
    ],
    ids=["edited", "removed", "respelt", "garbage", "too long", "beheaded"],
)
def test_what_is_damaged_is_marked_where_it_lies_read_from_either_end(
    harm: Callable[[list[bytes]], list[bytes]], place: int, fault: str, lines: list[bytes], write: Write
) -> None:
    path = write(harm(lines))
    forward, back = _page(path, at=0), _page(path)
    assert forward.entries == back.entries
    assert [i for i, entry in enumerate(back.entries) if entry.fault] == [place]
    damaged = back.entries[place]
    assert fault in damaged.fault
    assert damaged.fault == _page(path, only=Only.MARKED).entries[0].fault
    assert not any("\x1b" in field.value for field in damaged.fields)


def test_a_torn_tail_is_told_and_is_no_record(lines: list[bytes], write: Write) -> None:
    page = _page(write(lines, lines[0][:40]))
    assert (page.torn_bytes, page.newest, len(page.entries)) == (40, 31, 32)
    assert _page(write([], b"half a rec")).entries == ()


def test_a_long_value_is_cut_on_a_page_and_whole_alone(lines: list[bytes], write: Write, tmp_path: Path) -> None:
    hostile = "x" * 5000 + "[/x]\x1b[31m\u202e"
    path = write(list(journal_lines(RUN, 2, hostile=hostile)))
    entry = _page(path).entries[-1]
    assert entry.is_cut
    whole = read_entry(path, entry.offset)
    assert whole is not None
    assert (whole.is_cut, whole.kind, whole.fault) == (False, RecordKind.INTENT, "")
    assert whole.fields[0].value.startswith("LIVE" + "x" * 5000 + "[/x]␛")
    assert "\u202e" not in whole.fields[0].value
    assert _page(path, whole=True).entries[-1] == whole
    assert read_entry(path, path.stat().st_size) is None


def test_a_page_of_long_records_ends_before_it_is_too_long(write: Write) -> None:
    path = write(list(journal_lines(RUN, 24, hostile="x" * 900_000)))
    first, last = _page(path, at=0, whole=True), _page(path, whole=True)
    assert _numbers(first) == list(range(len(first.entries)))
    assert 9 <= len(first.entries) < 20
    assert first.more_behind
    assert _numbers(last)[-1] == 23
    assert last.more_before


def test_a_link_and_a_folder_are_no_journal(lines: list[bytes], write: Write, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write(lines))
    with pytest.raises(Drifted):
        _page(tmp_path / "link")
    with pytest.raises(Drifted):
        _page(tmp_path)
    with pytest.raises(FileNotFoundError):
        _page(tmp_path / "none")


LONG = b"x" * (MAX_RECORD_BYTES + 100)


@pytest.mark.parametrize("line", [LONG + b"\n", LONG * 3 + b"\n"])
def test_a_line_that_is_too_long_for_a_record_is_marked_and_hides_no_other(
    lines: list[bytes], write: Write, line: bytes
) -> None:
    path = write([*lines[:16], line, *lines[16:]])
    page = _page(path, at=0)
    assert page.ends_at == page.complete == path.stat().st_size
    numbers = [*range(16), None, *range(16, 32)]
    assert _numbers(page) == numbers
    marked = page.entries[16]
    assert (marked.length, bool(marked.fault)) == (len(line), True)
    assert _numbers(_page(path, at=page.complete, back=True)) == numbers
    assert _numbers(_page(path, goto="20", limit=1)) == [20]


def test_a_long_line_without_an_end_is_no_torn_tail(lines: list[bytes], write: Write) -> None:
    page = _page(write(lines, LONG * 3), at=0)
    assert (_numbers(page)[-1], page.torn_bytes, page.newest) == (None, 0, None)
    assert page.entries[-1].length == 3 * len(LONG)


def test_a_place_is_found_though_other_lines_lie_before_it(lines: list[bytes], write: Write) -> None:
    path = write([*lines[:4], *[b"no record\n"] * 400, *lines[4:]])
    assert _numbers(_page(path, goto="5", limit=1)) == [5]
    assert _numbers(_page(path, goto="3", limit=1)) == [3]


def test_a_time_that_is_none_is_shown_as_none(lines: list[bytes], write: Write) -> None:
    time = lines[3].split(b'"time":"')[1].split(b'"')[0]
    page = _page(write([*lines[:3], lines[3].replace(time, b"yesterday"), *lines[4:]]), at=0)
    assert (page.entries[3].number, page.entries[3].at, bool(page.entries[3].fault)) == (3, None, True)


def test_a_journal_that_is_cut_off_while_it_is_read_ends_there(lines: list[bytes], write: Write) -> None:
    path = write(lines)
    descriptor = os.open(path, os.O_RDONLY)
    file = journal_pages._File(descriptor)
    os.truncate(path, 0)
    assert list(file.lines(0)) == []
    os.close(descriptor)


def test_an_intent_whose_result_is_not_near_says_how_far_was_looked(
    lines: list[bytes], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_pages, "_MOST_AHEAD", 2)
    intent = lines[-1]
    entry = _page(write([*lines, *[b"no record\n"] * 3]), at=0).entries[31]
    assert (entry.kind, parse_line(intent)[0] is not None) == (RecordKind.INTENT, True)
    assert entry.lacks == "no result in the 2 records behind it"
