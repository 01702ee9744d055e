"""An amendment that changes one unit in a hundred, beside a first cut of as many units and one planning of the whole text.

Both ways go from the dry run to law in one database, as `whole_way` measures them; compared is the processor time of the
console, its programs and the server, which other work on the machine changes less than the clock. A way plans its text four
times: twice in the dry run, once in the LIVE start and once in the verification. The bar counts one of them.

Where the processor time of 100,000 units goes, of which 1,000 are changed; seconds, on two busy cores:

    step           console  server  what is left of it
    dry run            7.3     2.3  two plans (5.2), the law read and compared (0.6), plans written (0.6)
    to SG_1           10.5     4.1  a plan (2.6), the dry run's plan read (0.4), the backup and its restore
    SG_1, arming       1.8     0.7  the plan's units read from its file, three times (1.3); once less since
    cut, verify        5.0    16.7  a plan (2.6); the whole manifest is sealed, compared with the rows twice as signed, and
                                    twice by the verification, which hashes each body
    SG_2               0.7     0.9  places of all rows compared; the file of drafts
    enactment          0.5     3.8  places of all rows; the new law read, hashed and kept for the next amendment

A first cut of 1,000 units took 2.6 and 4.0, a planning 2.6. Before what is law was known by the places of its rows, the steps
together took 30.4 and 46.3 beside 2.2 and 3.2. What is left grows with the text: four plans alone are half of the bar, and
manifest, statement and backup are of the whole document. docs/decisions.md has the reasons.

Since what was just written is compared as a whole, the ratio is 5.3, where it was 5.8 in a run before. Of 20,000 units the server
takes 0.45 of the time for the places of the law, 0.38 for the count at COMMIT, 0.66 for a comparison, 0.84 for the write and 0.61
to read the new law, if the statistics of its tables are of the moment before; if they are not, 0.44 for the count and 0.76 for
a comparison.
"""

import sys
import time

from benchmarks.cutting import document
from benchmarks.processes import family_seconds
from benchmarks.site import whole_site
from benchmarks.whole_way import walked
from console.backend.documents.planning import plan_document
from console.backend.model.view_models import RunRequest
from console.backend.scratch.cluster import TransientCluster
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
    """Return the processor seconds of one planning of the text."""
    started = time.process_time()
    result = plan_document(text, origin="file:again.md", docprefix=DOCPREFIX, profile=REQUEST.profile)
    spent = time.process_time() - started
    if result.plan is None:
        raise AssertionError(result.problems)
    return spent


def server_seconds(cluster: TransientCluster) -> float:
    """Return the processor seconds of a server so far, with its processes that have ended."""
    return family_seconds(int((cluster.data_dir / "postmaster.pid").read_text().split()[0]))


def asked(passage: Passage, text: bytes, docprefix: str = DOCPREFIX, *, amend: bool = False) -> RunRequest:
    """Return the request for a run of this text, which is written into the intake folder."""
    name = f"{docprefix}-{'amendment' if amend else 'cut'}.md"
    (passage.installation.intake / name).write_bytes(text)
    return REQUEST.model_copy(update={"origin": f"file:{name}", "docprefix": docprefix, "amend": amend})


def way_seconds(passage: Passage, request: RunRequest) -> float:
    """Return the processor seconds from the dry run to law: of each step with its programs, and of the server."""
    sys.stdout.write(f"  {request.origin}\n")
    before = server_seconds(passage.cluster)
    console = sum(step.cpu for step in walked(passage, request))
    server = server_seconds(passage.cluster) - before
    sys.stdout.write(f"    console {console:.2f} s, server {server:.2f} s of processor\n")
    return console + server


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
