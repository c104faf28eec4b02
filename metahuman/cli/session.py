"""One sitting at the terminal: what is said goes to the twin, what begins with a slash is for the program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from metahuman.api import MetaHuman
from metahuman.cli.approving import ask_person
from metahuman.cli.console import footnote, show, why
from metahuman.cli.made import in_chat, sources
from metahuman.cli.save import names_and_folder
from metahuman.cli.text import plain
from metahuman.reply import Event
from metahuman.state.commands import COMMANDS, ruled, specialists_named
from metahuman.state.context import MODES, Mode
from metahuman.state.errors import MetaHumanError
from metahuman.state.modes import RULES
from metahuman.voice.standing import tainted

SHOWN = 10


class Session:
    """A conversation in a terminal.

    Args:
        twin: Who is talked with.
        console: Where it is shown.
        thread: The conversation to go on with.
        mode: The mode of this sitting, until it is switched; None for the owner's own.
        read: Shows a question and returns the line that the person answers.
    """

    def __init__(
        self,
        twin: MetaHuman,
        console: Console,
        thread: str,
        mode: Mode | None,
        read: Callable[[str], str] = input,
    ) -> None:
        self.console, self.ended, self._read = console, False, read
        self._twin, self._thread, self._mode = twin, thread, mode
        self._commands: dict[str, tuple[Callable[[str], None], str]] = {
            "why": (self._why, "how the last answer came about: route, model, memories, times"),
            "again": (self._again, "have failed work done again, or that of /again SPECIALIST ..."),
            "save": (self._save, "what was made, as files: /save [NAME ...] [FOLDER/]; those that are there stay"),
            "sources": (self._sources, "where in its source each sentence of the last summary is from"),
            "mode": (self._set_mode, f"show the mode, or switch it for good: {', '.join(MODES)}"),
            "thread": (self._set_thread, "list the threads, go on with /thread NAME, or start a /thread new"),
            "memory": (self._memory, "the latest memories, or those with /memory WORD in them"),
            "wrong": (self._wrong, f"say where the last message ought to have gone: {', '.join(COMMANDS)}"),
            "good": (self._good, "say that the last answer was good, and if you like why"),
            "bad": (self._bad, "say that it was not"),
            "retry": (self._retry, "answer a message that was cut short"),
            "help": (self._help, "this list"),
            "quit": (self._quit, "leave (so does Ctrl-D)"),
        }

    def prompt(self) -> str:
        """Return what stands before the person's words."""
        thread = "" if self._thread == "main" else f"[{self._thread}] "
        return f"{thread}{f'({self._mode}) ' if self._mode else ''}you> "

    def greet(self) -> None:
        """Say how to begin, and what was left unanswered when the last sitting ended."""
        self.console.print(Text(f"MetaHuman · home {self._twin.home.root} · /help", style="dim"))
        if not (self._twin.home.root / "persona" / "core.json").exists():
            self.console.print(Text("It does not know you yet: `metahuman init` introduces you.", style="dim"))
        for voice in tainted(self._twin.services.registry()):
            if voice.modes:
                self.console.print(Text(plain(voice.told()), style="yellow"))
        for left in self._twin.unfinished():
            self.console.print(Text(plain(left), style="yellow"))
        self._say_unanswered()

    def take(self, line: str) -> None:
        """Answer a line, or obey it; an error is one line, and the sitting goes on."""
        line = line.strip()
        if not line:
            return
        try:
            if line.startswith("/") and not ruled(line):
                self._obey(line[1:])
            else:
                self._answer(self._twin.stream(line, thread=self._thread, mode=self._mode))
        except MetaHumanError as error:
            self.console.print(Text(plain(str(error)), style="red"))
        except KeyboardInterrupt:
            self.console.print(Text("\nstopped; /retry answers it after all", style="dim"))

    def _answer(self, events: Iterable[Event]) -> None:
        reply = show(self.console, events, in_chat)
        while reply and reply.waiting:
            word = ask_person(self.console, reply.waiting, self._read)
            if word is None:
                return
            reply = show(self.console, self._twin.stream_answer(**word, thread=self._thread), in_chat)
        if reply:
            self.console.print(footnote(reply, in_chat))

    def _obey(self, line: str) -> None:
        name, _, argument = line.partition(" ")
        command = self._commands.get(name)
        if command is None:
            self.console.print(Text(f"no command /{plain(name)}; /help lists them", style="yellow"))
            return
        command[0](argument.strip())

    def _why(self, _: str) -> None:
        reply = self._twin.last_reply(self._thread)
        self.console.print(why(reply) if reply else Text("nothing has been answered here yet", style="dim"))

    def _again(self, words: str) -> None:
        self._answer(self._twin.stream_again(*specialists_named(words.split()), thread=self._thread))

    def _save(self, words: str) -> None:
        names, folder = names_and_folder(words)
        for path in self._twin.save_artifacts(folder, *names, thread=self._thread):
            self.console.print(Text(f"saved {plain(str(path))}", style="dim"), soft_wrap=True)

    def _sources(self, _: str) -> None:
        self.console.print(sources(self._twin.summary_sources(self._thread)))

    def _set_mode(self, name: str) -> None:
        if name:
            self._twin.switch_mode(name)
            self._mode = None  # what was chosen for the sitting would hide what was just wished for
        own = self._twin.mode
        told = f"{self._mode} in this sitting; your own is {own}" if self._mode else f"{own}: {RULES[own].meaning}"
        self.console.print(Text(f"mode {told}", style="dim"))

    def _set_thread(self, name: str) -> None:
        if not name:
            for thread in self._twin.threads() or [self._thread]:
                self.console.print(Text(f"{'>' if thread == self._thread else ' '} {plain(thread)}"))
            return
        self._thread = datetime.now(UTC).astimezone().strftime("%Y-%m-%d-%H%M%S") if name == "new" else name
        held = len(self._twin.history(self._thread))
        self.console.print(Text(f"thread {plain(self._thread)}: {held} messages", style="dim"))
        self._say_unanswered()

    def _memory(self, word: str) -> None:
        memories = self._twin.memories(word, limit=SHOWN)
        for memory in memories:
            self.console.print(Text(memory["timestamp"][:16].replace("T", " "), style="dim"), end=" ")
            self.console.print(Text(plain(" ".join(memory["content"].split()))), overflow="ellipsis", no_wrap=True)
        if not memories:
            self.console.print(Text("no memories" + (f" with {plain(word)!r}" if word else " yet"), style="dim"))

    def _wrong(self, words: str) -> None:
        self._twin.correct(*words.replace(",", " ").split(), thread=self._thread)
        self.console.print(Text("noted; `metahuman route retrain` learns from it", style="dim"))

    def _good(self, why: str) -> None:
        self._judge(1, why)

    def _bad(self, why: str) -> None:
        self._judge(0, why)

    def _judge(self, score: float, why: str) -> None:
        self._twin.feedback(score, why, thread=self._thread)
        self.console.print(Text("noted", style="dim"))

    def _retry(self, _: str) -> None:
        self._answer(self._twin.resume(self._thread, mode=self._mode))

    def _help(self, _: str) -> None:
        for name, (_command, told) in self._commands.items():
            self.console.print(Text.assemble((f"/{name:<8}", "bold"), told))
        self.console.print(Text(f"Send a message straight on: {', '.join(f'/{name} ...' for name in COMMANDS)}"))

    def _quit(self, _: str) -> None:
        self.ended = True

    def _say_unanswered(self) -> None:
        """Ask for the word that the thread waits for, and tell of a message that was cut short."""
        for ask in self._twin.asks(self._thread):
            if word := ask_person(self.console, ask, self._read):
                self._answer(self._twin.stream_answer(**word, thread=self._thread))
        if (message := self._twin.unanswered(self._thread)) is not None:
            cut = message if len(message) <= 60 else f"{message[:59]}…"
            self.console.print(Text(f"“{plain(cut)}” was left unanswered; /retry answers it", style="yellow"))
