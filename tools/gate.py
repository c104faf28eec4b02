"""The one gate through which calls are made: nothing else runs a tool."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace

from metahuman.state.acting import Acting, Approval, Call, Ended, Offer, Outcome, Output, Ruling
from metahuman.state.errors import MetaHumanError, StoreError, ToolError
from metahuman.state.files import make_folder
from metahuman.state.services import Audit, Clock
from metahuman.state.tool_events import tool_refused
from metahuman.tools.begun import Begun, key_of
from metahuman.tools.book import Audited, Book, Left
from metahuman.tools.carrying import carry_out
from metahuman.tools.desk import Desk
from metahuman.tools.journal import KEPT, Journal
from metahuman.tools.judging import Fit, Judged, Taint, judge
from metahuman.tools.outcomes import bounded, in_words, refused
from metahuman.tools.policy.deciding import places_of, possible
from metahuman.tools.policy.paths import inside
from metahuman.tools.policy.patterns import pattern_of
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.policy.taint import taint as taint_of
from metahuman.tools.toolbox import Toolbox

#: Gives a call what it needs. The second is the call's key: its changes are kept under it, also when it is run again.
DeskFor = Callable[[Acting, str], Desk]
#: Who lets happen what nobody is asked about.
POLICY = "policy"


class Gate:
    """Rules on calls, and makes those that may be made: each once, journaled and audited.

    Args:
        toolbox: The tools there are.
        trust: The owner's settings.
        journal: What was begun and how it ended.
        desk_for: Gives a call what it needs; its folders, bounds and settings are then set by the policy.
        audit: The audit log.
        clock: The time.
        taint: Says why a call seems to follow from words that are not the owner's.
        audited: Tells whether the audit log has an execution; asked only about what a crash left.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        trust: TrustFiles,
        journal: Journal,
        desk_for: DeskFor,
        audit: Audit,
        clock: Clock,
        *,
        taint: Taint = taint_of,
        audited: Audited = lambda _: False,
    ) -> None:
        self._toolbox, self._trust, self._journal, self._desk_for = toolbox, trust, journal, desk_for
        self._audit, self._clock, self._taint = audit, clock, taint
        self._book = Book(journal, audit, audited, self._happened)
        self._loose = False

    async def ready(self) -> None:
        """Ask other programs for their tools, so that they are offered too."""
        await self._toolbox.load()

    def offered(self, acting: Acting) -> list[Offer]:
        """Return the tools that a model may be told of: those that are not refused whatever they are called with.

        Raises:
            SettingError: If the owner's settings are wrong.
            StoreError: If they cannot be read.
        """
        if acting.mode == "emulation":
            return []
        trust = self._trust.read()
        return [tool.offer() for tool in self._toolbox.all() if possible(tool, acting, trust)]

    async def rule(self, call: Call, acting: Acting) -> Ruling:
        """Return what the policy says to a call. Nothing is run, and nothing is changed."""
        return (await self._judged(call, acting)).ruling

    async def preview(self, call: Call, acting: Acting) -> str:
        """Return what a call would do, for the person who is asked; "" where its arguments tell."""
        judged = await self._judged(call, acting)
        fit = judged.fit
        if fit is None or judged.ruling["verdict"] == "refuse":
            return judged.ruling["why"]
        if fit.tool.preview is None:
            return ""
        try:
            async with asyncio.timeout(fit.tool.seconds):
                desk = await asyncio.to_thread(self._desk, fit, acting, key_of(acting.thread, acting.turn, call["id"]))
                text = await fit.tool.preview(fit.arguments, desk)
        except TimeoutError:
            text = f"what it would do could not be found out within {fit.tool.seconds:g} seconds"
        except (MetaHumanError, OSError) as error:
            text = str(error)
        return bounded(Output(text), fit.trust.limits.output).text

    async def run(self, call: Call, acting: Acting, approval: Approval | None = None) -> Outcome:
        """Make a call, if the policy or a person lets it happen; a call that was made before is not made again.

        Args:
            call: The call.
            acting: For whom, and amid what.
            approval: What a person answered; its arguments, edited or not, are those that the call is made with.

        Raises:
            StoreError: If the audit cannot be written.
        """
        if self._loose:
            await self.unfinished()
        if approval and approval["approved"]:
            call = Call(id=call["id"], tool=call["tool"], arguments=approval["arguments"])
        judged = await self._judged(call, acting)
        if judged.fit is None:
            return await self._refused(call, acting, judged, approval)
        begun = self._begun(call, acting, judged.ruling, judged.fit, approval)
        with self._journal.running(begun.execution):
            settled = await self._settled(begun, approval)
            if settled is None:
                return await self._execute(begun, judged.fit, acting)
        if settled.ended == "refused":
            return await self._refused(call, acting, replace(judged, ruling=settled.ruling), approval, settled.error)
        return settled

    def forget(self, thread: str) -> None:
        """Drop what tools brought in a conversation that is deleted; that they were called stays.

        Raises:
            StoreError: If it cannot be written.
        """
        self._journal.forget(thread=thread)

    async def pattern(self, call: Call, acting: Acting) -> dict[str, str]:
        """Return what "approve always" would mean for a call: a glob for each argument that counts.

        Raises:
            ToolError: If the call is refused.
        """
        judged = await self._judged(call, acting)
        fit = judged.fit
        if fit is None or judged.ruling["verdict"] == "refuse":
            raise ToolError(judged.ruling["why"])
        places = await asyncio.to_thread(places_of, fit.tool, fit.arguments, acting, fit.trust)
        return pattern_of(fit.tool, fit.arguments, places)

    async def always(self, call: Call, acting: Acting) -> dict[str, str]:
        """Write into the owner's `etc/trust.json` that such calls are approved for good; return the pattern.

        Raises:
            ToolError: If the call is refused.
            SettingError: If the file is wrong.
            StoreError: If it cannot be written.
        """
        pattern = await self.pattern(call, acting)
        await asyncio.to_thread(self._trust.remember, call["tool"], pattern)
        return pattern

    def patience(self) -> float | None:
        """Return the seconds after which a person's word comes too late; None if it never does.

        Raises:
            SettingError: If the owner's settings are wrong.
        """
        days = self._trust.read().settings.approval_days
        return None if days is None else days * 86_400

    async def unfinished(self) -> list[Left]:
        """Settle the calls that were left without an end, and return them; the audit gets what it lacks of them.

        Raises:
            StoreError: If the journal or the audit cannot be read or written.
        """
        self._loose = False
        await asyncio.to_thread(self._journal.forget, before=self._clock.now().timestamp() - KEPT)
        return await asyncio.to_thread(self._book.settle_left)

    def close(self) -> None:
        """Settle what nobody waited for, and close the journal; it is opened again when it is needed.

        Raises:
            StoreError: If the journal or the audit cannot be written.
        """
        try:
            if self._loose:
                self._book.settle_left()
        finally:
            self._journal.close()

    async def _judged(self, call: Call, acting: Acting) -> Judged:
        return await asyncio.to_thread(judge, call, acting, self._toolbox, self._trust, self._taint)

    async def _settled(self, begun: Begun, approval: Approval | None) -> Outcome | None:
        """Return what there is to say of a call without running it; None if it has to run now, and is begun."""
        ruling = begun.ruling
        try:
            if before := await asyncio.to_thread(self._book.before, begun):
                return before
            if why := _refusal(ruling, approval):
                return Outcome(ruling, "refused", error=why)
            return await asyncio.to_thread(self._book.claim, begun)
        except StoreError as error:  # without the journal nothing runs
            never = Ruling(verdict="refuse", rule="hard.journal", why=str(error), risk=ruling["risk"])
            return Outcome(never, "refused", error=str(error))

    async def _execute(self, begun: Begun, fit: Fit, acting: Acting) -> Outcome:
        started = self._clock.milliseconds()
        try:
            carried = await carry_out(fit.tool, fit.arguments, lambda: self._desk(fit, acting, begun.key))
        except BaseException:  # nobody waits any more: what became of it is found out later
            self._loose = True
            raise
        outcome = Outcome(begun.ruling, *carried, approved_by=begun.approved_by)
        await asyncio.to_thread(self._book.end, begun, outcome, self._clock.milliseconds() - started)
        return outcome

    async def _refused(
        self, call: Call, acting: Acting, judged: Judged, approval: Approval | None, why: str | None = None
    ) -> Outcome:
        """Return that a call is refused, or failed because there can be no such call; both are audited."""
        by = approval["by"] if approval and not approval["approved"] else None
        await self._audit.arecord(tool_refused(refused(call, judged.tool, judged.ruling, acting, by)))
        ended: Ended = "failed" if judged.fit is None else "refused"
        return Outcome(judged.ruling, ended, error=why or judged.ruling["why"])

    def _begun(self, call: Call, acting: Acting, ruling: Ruling, fit: Fit, approval: Approval | None) -> Begun:
        touches = fit.tool.touches(fit.arguments)
        return Begun(
            execution=uuid.uuid4().hex,
            thread=acting.thread,
            turn=acting.turn,
            call=call["id"],
            tool=fit.tool.name,
            said=in_words(call["arguments"]),
            arguments=fit.hash,
            mode=acting.mode,
            effect=fit.tool.effect,
            files=any(touch.how == "write" for touch in touches),
            ruling=ruling,
            approved_by=approval["by"] if approval and approval["approved"] else POLICY,
            begun=self._clock.now().timestamp(),
        )

    def _desk(self, fit: Fit, acting: Acting, key: str) -> Desk:
        """Return what a call has at hand; only what reads or tells may go where nothing is to be written."""
        trust = fit.trust
        folders = trust.readable if fit.tool.effect in ("read", "send") else trust.writable
        if inside(trust.base, trust.home):
            make_folder(trust.base)
        desk = self._desk_for(acting, key)
        part = trust.part(fit.tool.name)
        return replace(desk, base=trust.base, folders=folders, limits=trust.limits, settings=part)

    def _happened(self, call: Begun) -> bool | None:
        """Tell whether a call that was left without an end has had its effect; None if nobody can tell."""
        if call.effect == "read":
            return False
        acting = Acting(turn=call.turn, thread=call.thread, mode=call.mode)
        return self._desk_for(acting, call.key).changes.happened() if call.files else None


def _refusal(ruling: Ruling, approval: Approval | None) -> str:
    """Return why a call must not run; "" if it may."""
    if ruling["verdict"] == "refuse":
        return ruling["why"]
    if approval is None:
        return "" if ruling["verdict"] == "allow" else f"nobody has approved it, and {ruling['why']}"
    return "" if approval["approved"] else approval["why"] or f"{approval['by']} has refused it"
