"""The demo with a dozen runs in it: what the gates and the Overview are measured on."""

from collections.abc import Iterator
from contextlib import contextmanager

from console.backend.model.view_models import RunRequest
from console.backend.service import LocalBackend
from console.demo.installation import demo_site

RUNS = 12


@contextmanager
def crowded_demo() -> Iterator[LocalBackend]:
    """The seeded demo and as many further dry runs as make a dozen runs in all."""
    with demo_site(None, lambda _: None) as backend:
        for number in range(RUNS - len(backend.runs())):
            request = RunRequest(origin="file:charter.md", docprefix=f"DEMO-DRY-{number}")
            backend.start(request, lambda _: None)
        yield backend
