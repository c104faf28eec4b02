"""Where the gate writes down what it does, so that each call is made once, and each execution audited once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from metahuman.state.acting import Ended, Outcome, Output, Ruling
from metahuman.state.errors import MetaHumanError, StoreError
from metahuman.state.services import Audit
from metahuman.state.tool_events import tool_called
from metahuman.tools.begun import Begun, Known
from metahuman.tools.journal import Journal
from metahuman.tools.outcomes import as_kept, called, recorded

#: Tells whether the audit log has the `tool_called` event of an execution.
Audited = Callable[[str], bool]
#: Tells whether a call that was left without an end has had its effect; None if nobody can tell.
Happened = Callable[[Begun], bool | None]
DONE = "it was broken off, but it was done: what it should change is changed"
NOT_DONE = "it was broken off before anything was changed"
UNKNOWN = "it was broken off, and whether it was done is not known, so it is not done again"
_LOG = logging.getLogger(__name__)


class Left(NamedTuple):
    """A call that was left without an end, by a crash or because nobody waited, and what has become of it.

    Args:
        tool: What was called.
        said: With what, in a few words.
        thread: The conversation, if any.
        turn: The id of the message that its turn answers.
        call: The call's id.
        begun: When, in seconds since 1970.
        ended: "done"; "failed": nothing was changed, and it may be done again; "unknown".
        why: The same as a sentence.
    """

    tool: str
    said: str
    thread: str | None
    turn: str
    call: str
    begun: float
    ended: Ended
    why: str


@dataclass(frozen=True)
class Book:
    """The journal and the audit, kept in step. Its methods wait for the disk.

    Args:
        journal: What was begun and how it ended.
        audit: The audit log.
        audited: Tells whether the audit log has an execution; asked only about what a crash left.
        happened: Tells whether a call that was left without an end has had its effect.
    """

    journal: Journal
    audit: Audit
    audited: Audited
    happened: Happened
    #: Between the end of a call and its event, nobody looks for what was left.
    _ending: threading.RLock = field(default_factory=threading.RLock, init=False)

    def before(self, call: Begun) -> Outcome | None:
        """Return what came of a call when it was begun before; None if it was not, or has changed nothing.

        Raises:
            StoreError: If the journal or the audit cannot be read or written.
        """
        known = self.journal.find(call.key)
        return self._came_of(known, call) if known else None

    def claim(self, call: Begun) -> Outcome | None:
        """Write down that a call is begun; return None if it may run now, and else what came of it before.

        Raises:
            StoreError: If it cannot be written; the call must then not run.
        """
        while known := self.journal.begin(call):
            if outcome := self._came_of(known, call):
                return outcome
        return None

    def end(self, call: Begun, outcome: Outcome, milliseconds: float | None) -> None:
        """Write down how a call ended, and tell the audit, if nobody has.

        Raises:
            StoreError: If the audit cannot be written.
        """
        with self._ending:
            try:
                first = self.journal.end(call, outcome.ended, as_kept(outcome))
            except StoreError as error:  # what was done is done; it is settled at the next start
                _LOG.warning("%s", error)
                return
            if first:
                self._tell(call, outcome.ended, milliseconds)

    def settle(self, call: Begun) -> Outcome:
        """Find out what became of a call that was left without an end; one that changed nothing may run again.

        Raises:
            StoreError: If the journal or the audit cannot be written.
        """
        try:
            happened = self.happened(call)
        except (MetaHumanError, OSError) as error:
            _LOG.warning("%s: %s", call.tool, error)
            happened = None
        ended, output, why = _found(happened)
        outcome = Outcome(call.ruling, ended, output, why, call.approved_by)
        if happened is not False:
            self.end(call, outcome, None)
        elif self.journal.drop(call):
            self._tell(call, ended, None)
        return outcome

    def settle_left(self) -> list[Left]:
        """Settle what was left, and return it; what is missing in the audit is added.

        Raises:
            StoreError: If the journal or the audit cannot be read or written.
        """
        with self._ending:
            left = self.journal.left()
            for known in left:
                if known.ended:
                    self._tell_once(known.call, known.ended)
            return [_left(known.call, self.settle(known.call)) for known in left if not known.ended]

    def _came_of(self, known: Known, call: Begun) -> Outcome | None:
        if known.call.arguments != call.arguments:
            return _never(known, "this call was made before with other arguments; make a new call")
        if known.ended:
            return recorded(known)
        if self.journal.runs(known):
            return _never(known, "this call is being made at this moment; wait for its end")
        outcome = self.settle(known.call)
        return None if outcome.ended == "failed" else outcome

    def _tell_once(self, call: Begun, ended: Ended) -> None:
        if self.audited(call.execution):
            self.journal.tell(call)
        else:
            self._tell(call, ended, None)

    def _tell(self, call: Begun, ended: Ended, milliseconds: float | None) -> None:
        self.audit.record(tool_called(called(call, ended, milliseconds)))
        self.journal.tell(call)


def _left(call: Begun, outcome: Outcome) -> Left:
    why = outcome.error or DONE
    return Left(call.tool, call.said, call.thread, call.turn, call.call, call.begun, outcome.ended, why)


def _found(happened: bool | None) -> tuple[Ended, Output | None, str | None]:
    if happened:
        return "done", Output(DONE, trusted=True), None
    return ("unknown", None, UNKNOWN) if happened is None else ("failed", None, NOT_DONE)


def _never(known: Known, why: str) -> Outcome:
    ruling = Ruling(verdict="refuse", rule="hard.once", why=why, risk=known.call.ruling["risk"])
    return Outcome(ruling, "refused", error=why)
