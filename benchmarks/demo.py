"""The demo with a dozen runs in it: what the gates and the Overview are measured on."""

from collections.abc import Iterator
from contextlib import contextmanager

from console.backend.model.view_models import RunRequest
from console.backend.service import BackendService
from console.demo.installation import demo_installation

RUNS = 12


@contextmanager
def crowded_demo() -> Iterator[BackendService]:
    """The seeded demo and as many further dry runs as make a dozen runs in all."""
    with demo_installation(None, lambda _: None) as backend:
        for number in range(RUNS - len(backend.runs())):
            request = RunRequest(origin="file:charter.md", docprefix=f"DEMO-DRY-{number}")
            backend.start(request, lambda _: None)
        yield backend
