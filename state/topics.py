"""What a message is about, read off its words: no model is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

#: Topics of one message, words of one of them, and characters of an intent.
TOPICS, WORDS, INTENT = 3, 3, 80
#: Characters at either end of a long message in which its topic is looked for.
ENDS = 600
#: Shorter words are particles in most scripts that put spaces between words.
SHORTEST = 3

# Words that say nothing of a topic: function words, and what requests are made of.
_COMMON = frozenset(
    """
    about above after again all also always am an and any anything are around as ask at away back be because been
    before being below between both but by can cannot check come could day days did do does doing done don down each
    else even ever every everything few find first for from further get give go going good got great had has have
    having he hello help her here hers hey hi him his how i if in into is it its just keep know last least less let
    like list little long look lot made make makes many may maybe me mean might mine more most much must my need
    never new next nice no nor not nothing now of off often ok okay old on once one only open or other our ours out
    over own people please put quite rather read really right said same say see seem send set shall she should show
    since small so some someone something soon still stop such sure take talk tell than thank thanks that the their
    them then there these they thing things think this those though through time to today together told tomorrow too
    try two under until up us use used using very want wants was way we week well went were what whatever when where
    whether which while who whom whose why will with within without word words work would write year years yes
    yesterday yet you your yours add change create explain fix play remember remind start translate im ive id ill
    dont didnt doesnt isnt cant wont whats thats lets youre theres aber als auch auf aus bei bin bist bitte das dass
    dein deine dem den der des die dir doch ein eine einem einen einer er es für habe haben hat hatte ich ihr ihre
    ist kann kannst kein keine mal man mein meine meinen mich mir mit nach nicht noch nur oder schon sein sich sie
    sind und uns von vor war warum was wenn wer wie wir wird zu zum zur avec aux ce ces cette comment dans de des du
    elle en est et il je la le les leur lui ma mais me mes moi mon ne nous on ou où par pas plus pour quand que quel
    quelle qui sa se ses son suis sur ta te tes ton tu un une vous al como con cuando de del el ella en es esta este
    esto la las lo los más mi mis muy no nos para pero por porque qué que se si sin sobre su sus también te tu un
    una y ya yo che chi ci come con cosa da dei del della di gli ho il in io le lo ma mi mio mia nel non per più
    quando questa questo se si sono sulla ti una uno com como da das de do dos ela ele em essa esse está eu isso me
    meu minha na nas no nos não o os para por que se sem seu sua uma você dat de den een en er het hij hoe ik in is
    je kan maar met mijn naar niet nog of om ook op te van voor waar wat we ze zijn über weißt
    """.split()  # noqa: SIM905 - a list of words is read as a text
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")  # noqa: RUF001
_STOP = re.compile(r"[.,;:!?()\[\]{}\"“”«»\n/\\<>|=+*#`~…]+")


def topics_of(message: str) -> list[str]:
    """Return up to three topics of a message: its longest runs of telling words, in the order they come.

    Words are telling that are no function words, after RAKE (Rose et al., 2010, Text Mining, ch. 1); of two runs of
    equal weight the earlier one is kept, and names (capitals inside a sentence) outweigh other words.
    """
    ends = message if len(message) <= 2 * ENDS else f"{message[:ENDS]}\n{message[-ENDS:]}"
    runs = {run.casefold(): run for run in reversed(list(_runs(ends)))}
    order = list(dict.fromkeys(map(str.casefold, _runs(ends))))
    best = sorted(order, key=lambda run: -_weight(runs[run]))[:TOPICS]
    return [runs[run] for run in order if run in best]


def intent_of(message: str) -> str:
    """Return the first thing a message says, in a few words."""
    first = next((part.strip() for part in _STOP.split(message[:ENDS]) if part.strip()), "")
    return first if len(first) <= INTENT else f"{first[: INTENT - 1].rsplit(' ', 1)[0]}…"


def _runs(text: str) -> Iterator[str]:
    for part in _STOP.split(unicodedata.normalize("NFC", text)):
        yield from _telling(_WORD.findall(part))


def _telling(words: Sequence[str]) -> Iterator[str]:
    run: list[str] = []
    for word in [*words, ""]:
        plain = word.casefold().replace("'", "").replace("’", "")  # noqa: RUF001
        telling = len(plain) >= SHORTEST and plain not in _COMMON
        if run and (not telling or len(run) == WORDS):
            yield " ".join(run)
            run = []
        if telling:
            run.append(word)


def _weight(run: str) -> float:
    words = run.split()
    return len(words) + sum(word[0].isupper() for word in words)
