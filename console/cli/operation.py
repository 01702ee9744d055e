"""One command as the table of commands has it; imports no library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One command: `words` is e.g. `("run", "start")`, `handler` and `answers` are `module:name`.

    `answers` are the models of its JSON object; a refusal has `stop` instead. `writes`: it changes the database, the switch
    or a file that the product keeps. `dangerous`: its effect is hard to take back, so that something must be typed for it.
    `at_once`: it writes without removing the leftovers of killed processes first. `light`: it loads no library that logs. `names_many`: it is about
    all the installations that -P names, or about none, and is opened with none of them.
    """

    words: tuple[str, ...]
    help: str
    request: type
    handler: str
    answers: tuple[str, ...]
    writes: bool = False
    dangerous: bool = False
    at_once: bool = False
    light: bool = False
    names_many: bool = False

    @property
    def name(self) -> str:
        """Return the words as they are typed."""
        return " ".join(self.words)
