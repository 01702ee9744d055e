"""A short law and its plan, made by hand for what the screens draw."""

from hashlib import sha256

from console.backend.model.plan import Coverage, DocumentPlan, OtherSpan, Problem, SourceVersion
from console.backend.model.plan_binding import expected_cut_deltas
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.view_models import PlanView, SourceText, TitlePart

SAMPLE = """# Federal Data Protection Act

Part 1 of the sample, written for these tests.
## Section 1 Scope
(1) This Act applies to the processing of personal data by public bodies of the Federation, and by public bodies of the Länder where data protection is not governed by Land law.
(2) Other federal law takes precedence.
## Section 2 Definitions
(1) Public bodies of the Federation are the authorities and other institutions organised under public law.
(2) Private bodies are natural and legal persons.
## Section 3 Thuật ngữ
Dữ liệu cá nhân là dữ liệu về một người xác định.
"""

TITLE = tuple(
    TitlePart(name=name, text=text)
    for name, text in (
        ("issuer", "CHÍNH PHỦ"),
        ("motto", "Độc lập - Tự do"),
        ("number", "Số: 7/2024/NĐ-HN"),
        ("place and date", "Hà Nội, ngày 5 tháng 3 năm 2024"),
        ("title", "NGHỊ ĐỊNH Về việc giữ gìn hồ nước"),
    )
)
"""The parts of the title of a Vietnamese decree."""


def _unit(text: str, docprefix: str, starts: list[int], index: int, title_suffix: str) -> PlannedUnit:
    lines = text.split("\n")
    start = starts[index]
    end = starts[index + 1] - 1 if index + 1 < len(starts) else len(lines) - 1
    head = lines[start - 1]
    section = head.startswith("## ")
    number = head.split()[2] if section else head.split(")")[0].lstrip("(")
    above = [s for s in starts[: index + 1] if lines[s - 1].startswith("## ")]
    section_address = f"{docprefix}-S{len(above)}"
    body = "\n".join(lines[start - 1 : end]) + "\n"
    before = len(("\n".join(lines[: start - 1]) + "\n").encode()) if start > 1 else 0
    return PlannedUnit(
        address=section_address if section else f"{section_address}-P{number}",
        parent=None if section else section_address,
        unit_kind="law_unit",
        section_type="section" if section else "paragraph",
        number=number,
        title=(" ".join(head.split()[3:]) if section else "") + (title_suffix if section else ""),
        line_start=start,
        line_end=end,
        byte_start=before,
        byte_end=before + len(body.encode()),
        body_sha256=sha256(body.encode()).hexdigest(),
    )


def plan_of(
    text: str,
    docprefix: str,
    profile: str,
    *,
    ordinals: bool,
    title_suffix: str = "",
    title: tuple[TitlePart, ...] = (),
) -> PlanView:
    """A plan whose units begin at `## ` and `(n)` lines."""
    lines = text.split("\n")
    starts = [n for n, one in enumerate(lines, 1) if one.startswith(("## ", "("))]
    units = tuple(_unit(text, docprefix, starts, index, title_suffix) for index in range(len(starts)))
    raw = text.encode()
    inside = sum(unit.byte_end - unit.byte_start for unit in units)
    document = DocumentPlan(
        docprefix=docprefix,
        profile=profile,
        ordinals=ordinals,
        source=SourceVersion(
            origin="file:bdsg_2018.md",
            bytes=len(raw),
            sha256=sha256(raw).hexdigest(),
            canonical_sha256=sha256(raw).hexdigest(),
        ),
        units=units,
        others=(
            OtherSpan(
                name="preamble", line_start=1, line_end=starts[0] - 1, byte_start=0, byte_end=units[0].byte_start
            ),
        ),
        coverage=Coverage(unit_bytes=inside, other_bytes=len(raw) - inside, lossless=True),
    )
    deltas = expected_cut_deltas(len(document.units))
    return PlanView(document, (), SourceText(raw), document.content_digest, title=title, deltas=deltas)


def refused_plan(text: str, problems: tuple[Problem, ...]) -> PlanView:
    """No plan, only problems."""
    return PlanView(None, problems, SourceText(text.encode()), "")
