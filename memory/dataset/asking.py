"""The question that a passage of the owner's answers: made by rules from its day, its heading, or what it speaks of.

Nobody asked it. It stands where a chat has a message, so that a voice learns to answer; the voice is not trained on it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from metahuman.memory.curation.vocabulary import words_of
from metahuman.memory.dataset.passages import Passage
from metahuman.memory.hygiene.wording import plain, words

#: Words of which one in so many, at the least, are of a language.
TELLING = 12
#: Words after which a language is plain.
ENOUGH = 50
#: Of things that a passage speaks of, so many may be asked for.
THINGS = 4
_ABOUT = (
    "What about {}?",
    "What can you tell me about {}?",
    "And {}?",
    "What do you remember about {}?",
    "What was that about {}?",
    "Can you tell me about {}?",
    "What do you have to say about {}?",
    "How was it with {}?",
)
_OF_DAY = ("What happened on {}?", "How was {}?", "What did you do on {}?", "What was on your mind on {}?")
_OPEN = ("How was your day?", "What happened?", "What is on your mind?", "How have you been?", "What is new?")
_FURTHER = ("And then?", "What happened next?", "What else?", "And after that?", "Do go on?")
#: In other languages, what can be asked of anything.
_OTHERS = {
    "de": ("Was ist passiert?", "Wie war dein Tag?", "Was geht dir durch den Kopf?", "Erzählst du mir davon?"),
    "es": ("¿Qué pasó?", "¿Cómo fue tu día?", "¿En qué piensas?", "¿Me lo cuentas?"),
    "fr": ("Que s'est-il passé ?", "Comment était ta journée ?", "À quoi penses-tu ?", "Tu me racontes ?"),
}
_SIGNS = {
    "en": words_of("the and of to was is that it for with but my at on as had have they this were"),
    "de": words_of("der die das und ist nicht ich ein eine mit auf war von zu es dem den sich auch"),
    "es": words_of("el los las que en un una por con para del es no se lo como pero más muy"),
    "fr": words_of("le les des et est un une que dans pour pas sur du je nous avec mais au ce"),
}
#: What ends the words for a thing: a sign, or a word that no thing's name goes on with.
_THING = re.compile(
    r"\b(?P<whose>my|our|the) (?P<thing>(?:[a-z]{4,}[ -])?[a-z]{4,})(?=[,.;:!?\n]| (?:and|or|of|in|at|on|to|with|for"
    r"|from|by|was|is|were|are|had|has|which|who|that|where|when|because|but|so|then|before|after)\b)"
)
_NAME = re.compile(
    r"(?<=[a-z,;] )(?:(?:Mr|Mrs|Ms|Dr|Sir|Lady|Aunt|Uncle)\.? )?[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,}){0,2}\b"
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
#: What nobody asks about, because it says nothing of the matter.
_EMPTY = words_of(
    "morning afternoon evening night noon today yesterday tomorrow week weeks month months year years hour hours"
    " minute minutes time times while same other others rest most more first last next whole thing things way side end"
    " part place great very which that this there then where when before after about being having going"
    " monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
    " september october november december"
)


def asked_by_rule(passage: Passage, moment: str, name: str, place: int) -> str:
    """Return a question that a passage answers; the same passage always gets the same.

    Args:
        passage: The passage.
        moment: When it was written, as files have it.
        name: The memory's id, which draws among the questions.
        place: Which passage of the memory it is, from 0.
    """
    drawn = hashlib.sha256(f"{name} {place}".encode(errors="surrogatepass")).digest()
    language = _language(passage.text)
    if language != "en":
        return _pick(_OTHERS[language], drawn[0])
    if passage.title and passage.opens:
        return _pick(_ABOUT, drawn[0]).format(f"\u201c{passage.title}\u201d")
    things, kind = list(dict.fromkeys(_things(passage.text)))[:THINGS], drawn[1] % 8
    if things and kind < 6:
        return _pick(_ABOUT, drawn[0]).format(_pick(things, drawn[2]))
    if not passage.opens:
        return _pick(_FURTHER, drawn[0])
    day = f"{_MONTHS[int(moment[5:7]) - 1]} {int(moment[8:10])}"
    return _pick(_OF_DAY if kind % 2 else _OPEN, drawn[0]).format(day)


def _things(text: str) -> Iterator[str]:
    """Yield what a text speaks of, as one who asks its writer would name it."""
    text = plain(text)
    for found in _THING.finditer(text):
        if _EMPTY.isdisjoint(re.split("[ -]", found["thing"])):
            yield f"{'the' if found['whose'] == 'the' else 'your'} {found['thing']}"
    yield from (found[0] for found in _NAME.finditer(text) if _EMPTY.isdisjoint(found[0].casefold().split()))


def _language(text: str) -> str:
    said = words(text)[:ENOUGH]
    counts = {name: sum(map(signs.__contains__, said)) for name, signs in _SIGNS.items()}
    best = max(counts, key=lambda name: (counts[name], name == "en"))
    return best if counts[best] * TELLING >= len(said) else "en"


def _pick(among: Sequence[str], number: int) -> str:
    return among[number % len(among)]
