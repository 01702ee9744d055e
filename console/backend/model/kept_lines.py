"""Many lines that never change, kept as their bytes."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Self, overload


class KeptLines(Sequence[str]):
    """Lines that are joined by LF in memory: each as a text of its own takes twice as much of it."""

    __slots__ = ("_ends", "data")

    def __init__(self, lines: Iterable[str]) -> None:
        written, ends, at = BytesIO(), array("Q"), 0
        for line in lines:
            if ends:
                at += written.write(b"\n")
            at += written.write(line.encode())
            ends.append(at)
        self.data = written.getvalue()
        """The lines, joined by LF."""
        self._ends = ends

    @classmethod
    def of_file(cls, data: bytes) -> Self:
        """Return the lines of a file, which may end within the last. Raises ValueError if it is not UTF-8."""
        lines, at = cls(()), -1
        lines.data = data
        for line in data.split(b"\n"):
            at += len(line) + 1
            lines._ends.append(at)
        # Decoded once here, so that no line raises later: no character of more than one byte holds an LF.
        data.decode()
        return lines

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[str]:
        at = 0
        for end in self._ends:
            yield self.data[at:end].decode()
            at = end + 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(map(self.__getitem__, range(*index.indices(len(self)))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        return self.data[self._ends[index - 1] + 1 if index else 0 : self._ends[index]].decode()
