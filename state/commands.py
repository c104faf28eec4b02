"""Messages that say themselves where they go: explicit commands, and those without a word in them."""

from __future__ import annotations

from collections.abc import Iterable

from metahuman.state.errors import BadChoice
from metahuman.state.parts import DESTINATIONS, SPECIALISTS, Destination, Specialist, Task

#: The word after the slash, and whom it names.
COMMANDS: dict[str, Destination] = {
    "talk": "conversation",
    "recall": "memory",
    "tools": "operator",
    "code": "coder",
    "plan": "planner",
    "summarize": "summarizer",
    "curate": "curator",
    "dream": "dreamer",
}


def ruled(message: str) -> Task | None:
    """Return the task of a message that needs no judging, else None.

    That is one that begins with a command, such as `/code a parser for dates`, and one without a letter or digit.
    """
    if not any(map(str.isalnum, message)):
        return Task(destination="conversation", task=message)
    name, rest = [*message.strip().split(maxsplit=1), ""][:2]
    destination = COMMANDS.get(name[1:].lower()) if name.startswith("/") else None
    return Task(destination=destination, task=rest) if destination and rest else None


def destination_named(word: str) -> Destination:
    """Return the destination of that name, or the one that a command of that name goes to.

    Raises:
        BadChoice: If there is none.
    """
    name = word.strip().lower().removeprefix("/")
    found = COMMANDS.get(name) or next((one for one in DESTINATIONS if one == name), None)
    if found is None:
        raise BadChoice(f"no destination {word!r}; use one of {', '.join([*COMMANDS, *DESTINATIONS])}")
    return found


def specialists_named(words: Iterable[str]) -> list[Specialist]:
    """Return the specialists that words name, by their own names or by those of their commands ("code").

    Raises:
        BadChoice: If one names none.
    """
    found: list[Specialist] = []
    for word in words:
        name = word.lower().removeprefix("/")
        named = COMMANDS.get(name, name)
        if named not in SPECIALISTS:
            raise BadChoice(f"no specialist {word!r}; use one of {', '.join(SPECIALISTS)}")
        found.append(named)
    return found
