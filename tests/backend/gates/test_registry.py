"""Gates are loaded by the table that names them, and only under the id that the table says."""

import pytest

from console.backend.gates import registry
from console.backend.model.gate_table import GATES


def test_a_module_that_holds_another_gate_is_not_loaded() -> None:
    first, second = GATES[:2]
    with pytest.raises(ImportError, match=f"holds gate {second.id}, the table calls it {first.id}"):
        registry._loaded(first._replace(module=second.module))
