"""Names that are written down stand for something: each move of the walks for a move. tests/test_matrices.py looks at those of tests."""

from console.backend.model.states import Move
from tests.torture.bars import NOT_WALKED, WORDS


def test_the_walk_of_barred_runs_knows_every_move_or_names_it_as_one_that_it_does_not_make() -> None:
    """A move of another name would be passed over, or be called a fault of the product."""
    made = {move for move in Move if move in WORDS or move.startswith("import")}
    assert made | NOT_WALKED == set(Move)
    assert not made & NOT_WALKED
