"""What the base of all values promises."""

import subprocess
import sys
from collections.abc import Iterator

from console.backend.model.value import Value

_AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
from pydantic import ValidationError
from console.backend.model.view_models import Status
together, answers = threading.Barrier(8), []
def ask():
    together.wait()
    try:
        Status.model_validate({})
    except BaseException as error:
        answers.append(type(error) is ValidationError and error.error_count())
threads = [threading.Thread(target=ask) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(answers), len(set(answers)), type(answers[0]).__name__)
"""


def _below(kind: type[Value]) -> Iterator[type[Value]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def test_every_value_can_be_built() -> None:
    """What is built only when it is used would otherwise fail there, before an operator."""
    kinds = [kind for kind in _below(Value) if kind.__module__.startswith("console.")]

    assert len(kinds) > 300
    for kind in kinds:
        kind.model_rebuild(_parent_namespace_depth=0)
        assert kind.__pydantic_complete__, kind


def test_threads_that_use_a_value_first_at_the_same_time_have_the_same_answer() -> None:
    done = subprocess.run([sys.executable, "-c", _AT_ONCE], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["8", "1", "int"]
