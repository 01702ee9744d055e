"""Plans of unrelated documents do not stop each other: each is bound to its own document and what it depends on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import RunRequest
from tests.support.passage import Passage, silent

At = Callable[[str], Passage]
OTHER = "# Other\n\nOther text.\n\n## Gamma\n\nThird.\n"


def started(passage: Passage, docprefix: str, text: str, *, amend: bool = False) -> Passage:
    """A LIVE run of a document at its first pause, after a green dry run, with its SG_1 imported."""
    request = RunRequest(
        origin=passage.write(f"{docprefix.lower()}-{len(text)}.md", text),
        docprefix=docprefix,
        mode=Mode.DRYRUN,
        amend=amend,
    )
    passage.backend.start(request, silent)
    run = passage.backend.start(request.model_copy(update={"mode": Mode.LIVE}), silent)
    other = replace(passage, run_id=run.run_id)
    other.sign()
    return other


def test_two_at_sg1(at: At) -> None:
    first = at("SG_1 imported")
    second = started(first, "OTHER-LAW", OTHER)
    for passage in (first, second):
        passage.arm()
        assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION


def test_two_at_sg2(at: At) -> None:
    second = started(at("waits for SG_2"), "OTHER-LAW", OTHER)
    first = at
    second.arm()
    second.resume()
    second.sign()
    mine = replace(second, run_id=[r.run_id for r in second.backend.runs() if r.run_id != second.run_id and r.mode is Mode.LIVE][0])
    mine.sign()
    second.enact()
    print(mine.backend.verify(mine.run_id))
    mine.enact()


def test_amend_beside_first(at: At) -> None:
    law = at("enacted")
    amendment = started(law, "ACME-LAW", "# One\n\nText one.\n\n## Alpha\n\nChanged.\n\n## Beta\n\nSecond.\n", amend=True)
    other = started(law, "OTHER-LAW", OTHER)
    amendment.arm()
    amendment.resume()
    other.arm()
    other.resume()
