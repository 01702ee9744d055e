"""An amendment that changes one unit in a hundred, beside a first cut of as many units and one planning of the whole text.

Both ways go from the dry run to law in one database, as `whole_way` measures them. A way plans its text four times: twice in the
dry run, once in the LIVE start and once in the verification. The bar counts one of them.
"""

import sys
import time

from benchmarks.cutting import document
from benchmarks.site import whole_site
from benchmarks.whole_way import walked
from console.backend.documents.planning import plan_document
from console.backend.model.view_models import RunRequest
from tests.support.passage import DOCPREFIX, REQUEST, Passage

UNITS = 100_000
SHARE = 100
"""Of so many units one is changed."""
OVER_A_CUT = 2.0
_FEW = "ACME-FEW"


def changed(text: bytes) -> bytes:
    """Return the text with one more sentence at the end of every hundredth article."""
    articles = text.split(b"\n\n## ")
    return b"\n\n## ".join(
        article.rstrip() + b" This sentence is new." if place % SHARE == 1 else article
        for place, article in enumerate(articles)
    )


def planning_seconds(text: bytes) -> float:
    """Return the seconds of one planning of the text."""
    started = time.perf_counter()
    result = plan_document(text, origin="file:again.md", docprefix=DOCPREFIX, profile=REQUEST.profile)
    spent = time.perf_counter() - started
    if result.plan is None:
        raise AssertionError(result.problems)
    return spent


def asked(passage: Passage, text: bytes, docprefix: str = DOCPREFIX, *, amend: bool = False) -> RunRequest:
    """Return the request for a run of this text, which is written into the intake folder."""
    name = f"{docprefix}-{'amendment' if amend else 'cut'}.md"
    (passage.installation.intake / name).write_bytes(text)
    return REQUEST.model_copy(update={"origin": f"file:{name}", "docprefix": docprefix, "amend": amend})


def way_seconds(passage: Passage, request: RunRequest) -> float:
    """Return the seconds from the dry run to law."""
    sys.stdout.write(f"  {request.origin}\n")
    return sum(step.seconds for step in walked(passage, request))


def main(units: int = UNITS) -> int:
    """Print the seconds and the ratio beside its bar; 1 if it is missed."""
    with whole_site(6 << 30) as prepared:
        passage = prepared.at("fresh")
        # Every step is forked from this process, so it must not hold a text itself.
        way_seconds(passage, asked(passage, document(units - 1)))
        few = way_seconds(passage, asked(passage, document(units // SHARE - 1), _FEW))
        amended = way_seconds(passage, asked(passage, changed(document(units - 1)), amend=True))
        (differing,) = passage.rows(
            "SELECT count(*) FROM public.unit_version WHERE version_seq = 2 AND lifecycle_status = 'enacted'"
        )
    planned = planning_seconds(changed(document(units - 1)))
    ratio = amended / (few + planned)
    sys.stdout.write(
        f"  {units} units, {differing[0]} changed: amendment {amended:.2f} s; a cut of {units // SHARE} {few:.2f} s,"
        f" one planning {planned:.2f} s\n"
    )
    verdict = "holds" if ratio <= OVER_A_CUT else "MISSED"
    sys.stdout.write(f"{'amendment of 1 % over a cut of it':<40} {ratio:6.2f}  ≤ {OVER_A_CUT:.2f}  {verdict}\n")
    return int(ratio > OVER_A_CUT)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else UNITS))
