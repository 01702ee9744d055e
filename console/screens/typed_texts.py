"""The texts that are typed for a draft: kept beside its run as they are written, and gone through one after the other."""

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from console.actions.keys_in_force import told
from console.backend.model.errors import CutterError, RunHasEnded
from console.backend.model.safe_text import NOT_INERT
from console.backend.runs.draft_edits import draft_digest
from console.backend.runs.typed_edits import TypedEdit
from console.screens.moved import stand_of
from console.widgets.jobs import work
from console.widgets.notice import Notice

if TYPE_CHECKING:
    from console.screens.application import Application

MOST_CHARACTERS = 65_536
"""Longest text that is written here; a longer one is edited as a file."""
_MADE_VISIBLE = re.compile("<U\\+[0-9A-F]{4,6}>|[\u2400-\u2421]")
_ALONE = "What was typed is kept only in this console, and is lost if it ends before it can be saved; <edit_draft> opens it again"


class Draft(NamedTuple):
    """The draft that is edited."""

    run_id: str
    """Its cut."""
    address: str
    title: str
    body: str


class Typed(NamedTuple):
    """Title and text as they were typed."""

    title: str
    body: str


def unwritable(draft: Draft) -> str:
    """Return why a draft cannot be written here without changing more than was typed; empty if it can."""
    if len(draft.body) > MOST_CHARACTERS:
        return f"{draft.address} has {len(draft.body):,} characters; {MOST_CHARACTERS:,} are written here at most."
    hidden = NOT_INERT.search((draft.title + draft.body).replace("\n", "").replace("\t", ""))
    if hidden is not None:
        return f"{draft.address} has U+{ord(hidden.group()):04X}, which no screen shows."
    # A title comes with such characters made visible already, and would be written so.
    if _MADE_VISIBLE.search(draft.title):
        return f"The title of {draft.address} has characters that no screen shows."
    return ""


class TypedTexts:
    """Texts that were typed for one draft so far, and where they are kept.

    `unkept` has what could not be kept beside its run, by run and address, for as long as this console runs; `say` is told
    when that begins, and when it has ended.
    """

    def __init__(
        self,
        console: "Application",
        draft: Draft,
        before: tuple[TypedEdit, ...],
        unkept: dict[tuple[str, str], TypedEdit],
        say: Callable[[Notice], None],
    ) -> None:
        self._console = console
        self.draft = draft
        self._say = say
        self._seen = draft_digest(draft.title, draft.body)
        self._own = Typed(draft.title, draft.body)
        self._writer = secrets.token_hex(8)
        self._unkept = unkept
        self._key = (draft.run_id, draft.address)
        lost = unkept.get(self._key)
        texts = (lost, *(other for other in before if other.text != lost.text)) if lost is not None else before
        texts = tuple(other for other in texts if other.text != self._own)
        newest = texts[0] if texts else None
        self._instead = newest
        """The text that this edit goes on with, until its own is kept."""
        self._to_keep = self._own
        """The text that was typed last; not the draft's own."""
        self.typed = self._own if newest is None else Typed(*newest.text)
        self._texts = [*([] if newest is None else [self.typed]), self._own, *(Typed(*text.text) for text in texts[1:])]
        """The draft, and what was typed; one after the other by one key."""
        self._took_own = False
        self._writing = asyncio.Lock()
        self._stood: object = None
        """Measurement of the console when the database was asked last if the run has ended; None before."""
        self._is_last = False
        """True once nobody looks for the run's end any more: each text asks for it then."""
        self.not_kept = ""
        """The reason why what was typed last is kept in this console alone, or nowhere; empty if it is kept beside the run."""
        self.has_ended = False
        """True if the run has ended: there is no draft that a text could be kept for."""
        self.hint = "Title, then text. No draft changes before this is signed and applied."
        if newest is not None:
            self.hint = _hint(len(texts) - 1, is_other=newest.seen != self._seen)

    def next_text(self, now: Typed) -> tuple[Typed, str]:
        """Return the text behind this one, and what to say of it. What was typed comes before the draft, and is not lost."""
        if now not in self._texts:
            self._texts.insert(self._texts.index(self._own), now)
            self.keep(now)
        taken = self._texts[(self._texts.index(now) + 1) % len(self._texts)]
        is_own, is_alone = taken == self._own, len(self._texts) == 1
        self._took_own |= is_own
        if is_own:
            return taken, f"This is the draft as it stands.{'' if is_alone else ' ^R brings back what was typed.'}"
        return taken, "This was typed, and is not planned; ^R goes on to the next text."

    def keep(self, typed: Typed, *, is_last: bool = False) -> None:
        """Keep what was typed, here and beside the run; the draft's own text is nothing to keep."""
        self.typed = typed
        self._is_last |= is_last
        if typed != self._own:
            self._to_keep = typed
            self._console.begin_work(work(self._keep), "typed")

    def leave(self, typed: Typed) -> None:
        """Keep nothing if all that was typed was taken back by hand. What one only looked away from, by ^R, stays kept."""
        if typed == self._own and not self._took_own:
            self._console.begin_work(work(self._drop), "typed")

    def planned(self) -> None:
        """Forget what only this console has: the edit is a run of its own now."""
        self._unkept.pop(self._key, None)

    def _edit(self, typed: Typed) -> TypedEdit:
        return TypedEdit(address=self.draft.address, title=typed.title, body=typed.body, seen=self._seen)

    def _stand(self) -> object:
        """Return what the console has measured of runs and switch; None if it may not be so now."""
        status = self._console.status
        is_current = self._console.current and status is not None and status.target is not None
        return stand_of(status) if status is not None and is_current else None

    async def _keep(self) -> None:
        # One after the other, each with the last that was typed: an older text must not be written over it.
        async with self._writing:
            kept = self._edit(self._to_keep)
            run_id, instead, stand = self.draft.run_id, self._instead, self._stand()
            # A run does not end without a move, which the console measures anyway: its database need not be asked at each text.
            looks = self._is_last or stand is None or stand != self._stood
            try:
                await self._console.ask(
                    lambda backend: backend.keep_typed(run_id, kept, self._writer, instead, looks=looks)
                )
            except RunHasEnded as error:
                self.has_ended, self.not_kept = True, error.message
                self._say(_refusal(f"What was typed for {self.draft.address} is kept nowhere", error))
            except CutterError as error:
                # Whatever else refuses it, or fails: the run has not ended by that, and what was typed is worth keeping.
                self.has_ended, self.not_kept = False, error.message
                self._unkept[self._key] = kept
                self._say(_refusal(told(_ALONE), error))
            else:
                was, self.not_kept, self.has_ended, self._instead = self.not_kept, "", False, kept
                self._stood = stand
                self._unkept.pop(self._key, None)
                if was:
                    self._say(Notice("done", f"What was typed for {self.draft.address} is kept beside its run again."))

    async def _drop(self) -> None:
        async with self._writing:
            self._unkept.pop(self._key, None)
            if (kept := self._instead) is not None:
                run_id = self.draft.run_id
                # What cannot be removed is there again: nothing is lost by that.
                with suppress(CutterError):
                    await self._console.ask(lambda backend: backend.drop_typed(run_id, kept))


def _refusal(words: str, error: CutterError) -> Notice:
    return Notice("refused", f"{words}: {error.message}", str(error.code), error.next_action)


def _hint(n_more: int, *, is_other: bool) -> str:
    more = f" {n_more} more {'is' if n_more == 1 else 'are'} kept, behind it." if n_more else ""
    if is_other:
        return f"Typed over ANOTHER text: the draft has changed since; ^R takes it as it is.{more}"
    return f"Typed before and not planned; ^R takes the draft's own text.{more}"
