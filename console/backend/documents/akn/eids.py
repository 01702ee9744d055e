"""Values of eId by the Akoma Ntoso Naming Convention 1.0: the context's eId, the element, the number."""

import re

from console.backend.documents.akn_elements import REFERENCES

_NOT_A_SIGN = re.compile(r"[^\w]+|_+")


def number_part(number: str) -> str:
    """Return a number for an eId: without spaces and without punctuation at its ends, a hyphen for other punctuation."""
    return _NOT_A_SIGN.sub("-", "".join(number.split())).strip("-")


class EIds:
    """Gives each element of one document an eId that no other has, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._unnumbered: dict[str, int] = {}
        self._given: dict[str, int] = {}
        """Last ordinal of each eId that was wanted more than once: the next one begins there."""

    def give(self, context: str, element: str, number: str = "", *, is_counted: bool = True) -> str:
        """Return the eId of an element.

        An element without a number is counted among its like in its context, after `nn`, so that it cannot be taken for
        a numbered one; with `is_counted` False there is one of it. An eId that is given already gets -2, -3.
        """
        base = f"{context}__{REFERENCES.get(element, element)}" if context else REFERENCES.get(element, element)
        part = number_part(number)
        if part:
            return self._unique(f"{base}_{part}")
        if not is_counted:
            return self._unique(base)
        count = self._unnumbered[base] = self._unnumbered.get(base, 0) + 1
        return self._unique(f"{base}_nn_{count}")

    def _unique(self, wanted: str) -> str:
        eid, ordinal = wanted, self._given.get(wanted, 1)
        while eid in self._taken:
            ordinal += 1
            eid = f"{wanted}-{ordinal}"
        self._taken.add(eid)
        self._given[wanted] = ordinal
        return eid
