"""What the fake backend says of units: any number of them in documents of a hundred, two versions each; for what screens draw."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.backend.documents.word_diff import word_diff
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.diff_text import DiffedPart, diff_lines
from console.backend.model.folding import folded, parts_of, snippet
from console.backend.model.site_mapping import NotMeasured
from console.backend.model.unit_search import (
    SearchedBy,
    SnippetPart,
    UnitHit,
    UnitHits,
    UnitPeriod,
    UnitQuery,
    UnitVersion,
    UnitView,
    VersionDiff,
)
from tests.support.fake_gates import NOW, FakeReadiness

FIRST_RUN, SECOND_RUN = "ictr-20260101T080000Z-00000001", "ictr-20260201T080000Z-00000002"
_RULINGS = ("c0ffee" + "1" * 58, "decade" + "2" * 58)
_TITLES = ("Phạm vi điều chỉnh", "Begriffsbestimmungen", "Quyền ưu tiên", "Grundstücksverkehr", "適用範囲", "Scope")
_OLD = "Die Verarbeitung personenbezogener Daten ist zulässig, wenn sie erforderlich ist.\n\n(2) Người điều khiển phương tiện.\n"
_NEW = (
    _OLD.replace("zulässig", "nur zulässig").replace("ist.\n", "und angemessen ist.\n")
    + "\n適用範囲 e\u0301e\u0323\u0302 end.\n"
)
_MORE = "".join(
    f"\n({n}) Absatz {n} gilt für jede öffentliche Stelle des Bundes und der Länder.\n" for n in range(3, 40)
)
_BEGUN = (NOW - timedelta(days=59), NOW - timedelta(days=28))


@dataclass
class FakeUnits(FakeReadiness):
    """Answers about units; a test may set the fields before or while the console runs."""

    n_units: int = 250
    another_layout: bool = False
    looks_at: int = 10_000_000
    """Units that are looked at for one answer."""

    def _call(self, name: str) -> None:
        raise NotImplementedError

    def _address(self, number: int) -> str:
        return f"LAW-{number // 100:05}/P{number % 100:02}"

    def _number(self, address: str) -> int:
        document, _, place = address.partition("/P")
        return int(document.removeprefix("LAW-")) * 100 + int(place[:2])

    def _hit(self, number: int, parts: tuple[str, ...]) -> UnitHit:
        draft = number % 10 == 9
        pieces = snippet(_NEW, parts) if parts else ()
        return UnitHit(
            address=self._address(number) + self.hostile,
            document=self._address(number).partition("/")[0],
            lifecycle="draft" if draft else "enacted",
            unit_kind="law_unit",
            section_type="paragraph",
            number=f"§ {number % 100}",
            title=_TITLES[number % len(_TITLES)] + self.hostile,
            parent=None,
            deleted=False,
            snippet=tuple(SnippetPart(text=piece.text, hit=piece.is_hit) for piece in pieces),
        )

    def search_units(self, query: UnitQuery) -> UnitHits:
        """A page of them; a search by words finds every third unit if the text has the words."""
        self._call(
            f"search {query.text}|{query.by}|{query.document}|{','.join(query.lifecycles)}|{query.after}|{query.before}".strip()
        )
        by_address = "/" in query.text
        parts = () if by_address else parts_of(query.text)
        first, last = 0, self.n_units
        if query.document:
            first = self._number(f"{query.document}/P00") if query.document.startswith("LAW-") else last
            last = min(first + 100, self.n_units)
        if query.after:
            first = max(first, self._number(query.after) + 1)
        if query.before:
            last = min(last, self._number(query.before))
        numbers = range(first, last) if query.before is None else range(last - 1, first - 1, -1)
        units: list[UnitHit] = []
        looked_to = ""
        for looked, number in enumerate(numbers):
            if len(units) > query.limit:
                break
            if looked == self.looks_at:
                looked_to = self._address(number - 1 if query.before is None else number + 1)
                break
            hit = self._hit(number, parts)
            if query.lifecycles and hit.lifecycle not in query.lifecycles:
                continue
            if by_address and not hit.address.startswith(query.text):
                continue
            if parts and (
                number % 3 or not all(folded(part).lower().strip("* ") in folded(_NEW).lower() for part in parts)
            ):
                continue
            units.append(hit)
        page = units[: query.limit] if query.before is None else units[: query.limit][::-1]
        by = SearchedBy.ADDRESS if by_address else SearchedBy.WORDS if parts else SearchedBy.NOTHING
        missing = NotMeasured(subject="index", reason="not installed", next_action="Name a document")
        return UnitHits(
            units=tuple(page),
            more=len(units) > query.limit or bool(looked_to),
            searched_by=by,
            as_of=query.as_of,
            has_index=not self.another_layout,
            looked_to=looked_to,
            not_measured=(missing,) if self.another_layout else (),
        )

    def unit(self, address: str, as_of: datetime | None = None) -> UnitView:
        """Law in its second version; every tenth a draft."""
        self._call(f"unit {address}")
        hit = self._hit(self._number(address), ())
        draft, old = hit.lifecycle == "draft", as_of is not None and as_of < _BEGUN[1]
        body = (_OLD if old else _NEW + _MORE) + self.hostile
        missing = NotMeasured(subject="runs and rulings", reason="not recorded in this database", next_action="adopt")
        recorded = not self.another_layout
        return UnitView(
            **{name: value for name, value in dict(hit).items() if name not in {"snippet", "deleted"}},
            as_of=as_of,
            body=body,
            body_sha256=sha256_hex(body.encode()),
            version_seq="1" if old or draft else "2",
            standing="a draft, not law" if draft else f"in force since {_BEGUN[0 if old else 1]:%Y-%m-%d %H:%M:%SZ}",
            run_id=(FIRST_RUN if old or draft else SECOND_RUN) if recorded else "",
            statement_sha256=_RULINGS[0 if old or draft else 1] if recorded else "",
            reports=(f"/var/lib/cutter/reports/{SECOND_RUN}-0a1b2c3d",) if recorded and not draft else (),
            versions=_versions(draft=draft) if recorded else (),
            problems=("its content hash is not the body's sha256",) if self.another_layout else (),
            not_measured=() if recorded else (missing,),
        )

    def compare_versions(self, address: str, old: int | None = None, new: int | None = None) -> VersionDiff:
        """The two versions, by words."""
        self._call(f"compare {address} {old} {new}")
        parts = word_diff(_OLD, _NEW)
        return VersionDiff(
            address=address,
            old=old or 1,
            new=new or 2,
            old_title="Scope",
            new_title="Scope" + self.hostile,
            body=tuple(DiffedPart(kind=part.kind, text=part.text) for part in parts),
            lines=tuple(line + self.hostile for line in diff_lines(parts)),
            is_coarse=False,
        )


def _versions(*, draft: bool) -> tuple[UnitVersion, ...]:
    runs = (FIRST_RUN,) if draft else (FIRST_RUN, SECOND_RUN, "ictr-20260228T080000Z-00000003")
    standings = ("draft",) if draft else ("ended", "in force", "superseded, never law")
    made = []
    for index, (run_id, standing) in enumerate(zip(runs, standings, strict=True)):
        begun = _BEGUN[index] if index < 2 and not draft else None
        until = _BEGUN[1] if index == 0 else None
        ruling = _RULINGS[min(index, 1)]
        made.append(
            UnitVersion(
                version_seq=index + 1,
                standing=standing,
                operation="amend" if index else "cut",
                run_id=run_id,
                statement_sha256=ruling,
                created_at=NOW,
                periods=(UnitPeriod(in_force_from=begun, in_force_until=until, run_id=run_id, statement_sha256=ruling),)
                if begun is not None
                else (),
                is_readable=index < 2,
            )
        )
    return tuple(made)
