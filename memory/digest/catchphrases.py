"""Catchphrases: the owner's own turns of phrase, said again and again whatever it is about.

Counted literally, in memories that are apart from each other; what everybody says is none, nor is what they are about.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from metahuman.memory.digest.everyday import EVERYDAY, NUMBERS, is_everyday
from metahuman.memory.digest.spread import FEWEST, apart, varied
from metahuman.memory.digest.wordings import Clause, Phrase, clauses
from metahuman.memory.hygiene.boilerplate import says_nothing
from metahuman.memory.hygiene.niceties import is_nicety
from metahuman.memory.hygiene.wording import words as spelt_out
from metahuman.memory.recall.languages import is_common, language_of
from metahuman.memory.recall.words import fold
from metahuman.state.digesting import Noted

#: Words of a phrase, and how many phrases one look back finds at the most.
SHORTEST, LONGEST, MOST = 2, 10, 10
#: A phrase of common words alone has to be of so many, and a clause of its own.
COMMON_WORDS = 4
#: The share of its places where a phrase begins or ends a clause; of the shortest, where it is one.
AT_EDGES = 2 / 3
#: How often a phrase that is nobody's in particular stands in so many words: common idioms of English talk, such as
#: "at the end of the day", are said some twenty times in a million. It is an assumption, and on the safe side.
RATE = 20 / 1_000_000
#: A phrase is its owner's if chance would bring it so often in fewer cases than this.
CHANCE = 0.001
#: A phrase says no more than a longer one if this share of its memories holds that.
SAME = 0.75


Said = Sequence[Sequence[Clause]]


@dataclass
class Use:
    """How a phrase is used.

    Args:
        memories: The places of the memories that hold it.
        times: How often it stands there.
        edges: How often it begins or ends a clause, or stands at a comma.
        alone: How often it does both.
        asked: How often in a question.
        written: How it is written.
    """

    memories: set[int] = field(default_factory=set)
    times: int = 0
    edges: int = 0
    alone: int = 0
    asked: int = 0
    written: Counter[str] = field(default_factory=Counter)

    def add(self, place: int, clause: Clause, start: int, end: int) -> None:
        """Take in one more place where it stands: words `start` to `end` of a clause."""
        begins, ends = clause.begins(start), clause.ends(end)
        self.memories.add(place)
        self.times += 1
        self.edges += begins or ends
        self.alone += begins and ends
        self.asked += clause.asks
        self.written[clause.text(start, end)] += 1

    @property
    def name(self) -> str:
        """The phrase as it is mostly written; in small letters if it ever is."""
        small = [form for form in self.written if form[:1] == form[:1].lower()]
        return max(small or self.written, key=lambda form: (self.written[form], form))


def catchphrases(noted: Sequence[Noted]) -> list[tuple[str, list[int]]]:
    """Return the owner's catchphrases and the places of the memories that hold them, the most frequent first.

    Args:
        noted: The memories, oldest first.
    """
    said = said_by_owner(noted)
    total = words_in(said)
    found = _used(said)
    good = {
        phrase: use
        for phrase, use in found.items()
        if apart(noted, use.memories)
        and varied(noted, use.memories)
        and objection(phrase, use, total) is None
        and not _is_everyday_part(phrase, found)
    }
    whole = _whole(good)
    best = sorted(whole, key=lambda phrase: (-len(good[phrase].memories), -len(phrase), phrase))[:MOST]
    return [(good[phrase].name, sorted(good[phrase].memories)) for phrase in best]


def said_by_owner(noted: Sequence[Noted]) -> Said:
    """Return the owner's clauses, memory by memory; none of a memory of another's words."""
    return [clauses(one["said"]) if one["own"] else [] for one in noted]


def words_in(said: Said) -> int:
    """Return how many words there are."""
    return sum(len(clause.words) for found in said for clause in found)


def uses(said: Said, phrases: Collection[Phrase]) -> dict[Phrase, Use]:
    """Return how phrases are used; those that stand nowhere are left out."""
    found, lengths = defaultdict[Phrase, Use](Use), sorted({len(phrase) for phrase in phrases})
    for place, clause, start, end in _stretches(said, lengths):
        if clause.words[start:end] in phrases:
            found[clause.words[start:end]].add(place, clause, start, end)
    return dict(found)


def objection(phrase: Phrase, use: Use, total: int) -> str | None:
    """Return why a phrase is no catchphrase, in plain words; None if it is one.

    Args:
        phrase: Its words.
        use: How it is used.
        total: How many words its owner said in all.
    """
    if not SHORTEST <= len(phrase) <= LONGEST:
        return f"it has {len(phrase)} words, not {SHORTEST} to {LONGEST}"
    if _by_chance(len(use.memories), total * RATE) > CHANCE:
        return "it is said no more often than anybody says such things"
    if _is_everybodys(phrase, use):
        return "everybody says it"
    if _is_particular(phrase, use):
        return "it names somebody, or a number"
    return None if _has_edges(phrase, use) else "it only stands inside of sentences"


def _used(said: Said) -> dict[Phrase, Use]:
    """Return the phrases that several memories hold: only what is made of such can be one (Agrawal, Srikant, 1994)."""
    alive, found = set[Phrase](), set[Phrase]()
    for length in range(1, LONGEST + 1):
        holding = defaultdict[Phrase, set[int]](set)
        for place, clause, start, end in _stretches(said, [length]):
            phrase = clause.words[start:end]
            if length == 1 or (phrase[1:] in alive and phrase[:-1] in alive):
                holding[phrase].add(place)
        alive = {phrase for phrase, memories in holding.items() if len(memories) >= FEWEST}
        found |= alive if length >= SHORTEST else set()
    return uses(said, found)


def _stretches(said: Said, lengths: Sequence[int]) -> Iterator[tuple[int, Clause, int, int]]:
    """Yield every row of words of some lengths: its memory's place, its clause, where it begins and where it ends."""
    for place, found in enumerate(said):
        for clause in found:
            for length in lengths:
                for start in range(len(clause.words) - length + 1):
                    yield place, clause, start, start + length


def _whole(good: dict[Phrase, Use]) -> list[Phrase]:
    """Return the phrases that are no parts of others, nor others with a word more that is said now and then."""
    kept = list[Phrase]()
    for phrase in sorted(good, key=lambda one: (-len(one), one)):
        if not any(_part(phrase, longer) and _same(good[phrase], good[longer]) for longer in kept):
            kept.append(phrase)
    return [phrase for phrase in kept if not any(_part(shorter, phrase) for shorter in kept if shorter != phrase)]


def _is_everyday_part(phrase: Phrase, found: dict[Phrase, Use]) -> bool:
    """Tell whether a phrase is what is left of one that everybody says, such as a request."""
    longer = (one for one in found if len(one) > len(phrase) and _part(phrase, one))
    return any(_same(found[phrase], found[one]) and is_everyday(tuple(spelt_out(" ".join(one)))) for one in longer)


def _part(phrase: Phrase, longer: Phrase) -> bool:
    size = len(phrase)
    return any(longer[start : start + size] == phrase for start in range(len(longer) - size + 1))


def _same(shorter: Use, longer: Use) -> bool:
    return len(longer.memories) >= SAME * len(shorter.memories)


def _by_chance(memories: int, expected: float) -> float:
    """Return the chance that a phrase stands in so many memories or more where so many are expected: Poisson's."""
    fewer = sum(expected**count / math.factorial(count) for count in range(min(memories, 60)))
    return 1 - math.exp(-expected) * fewer


def _is_everybodys(phrase: Phrase, use: Use) -> bool:
    text = " ".join(phrase)
    if is_nicety(text) or says_nothing(text) or is_everyday(tuple(spelt_out(text))):
        return True
    return _is_plain(phrase) and (len(phrase) < COMMON_WORDS or use.asked * 2 >= use.times)


def _is_particular(phrase: Phrase, use: Use) -> bool:
    """Tell whether a phrase has a name, a number or a lone letter in it: such things are said of a matter."""
    later = use.name.split()[1:]
    names = any(word[0].isupper() and word.split("'")[0] != "I" for word in later)
    return names or any(word in NUMBERS or re.search(r"\d|^[b-hj-z]$", word) for word in phrase)


def _has_edges(phrase: Phrase, use: Use) -> bool:
    """Tell whether a phrase stands by itself: a matter that is merely mentioned stands anywhere in a sentence."""
    mention = len(phrase) == SHORTEST or _is_plain(phrase) or _names_a_matter(phrase)
    return (use.alone if mention else use.edges) >= AT_EDGES * use.times


def _is_plain(phrase: Phrase) -> bool:
    """Tell whether a phrase has words of everyday talk only."""
    common = _common(phrase)
    return all(plain or fold(word) in EVERYDAY for word, plain in zip(phrase, common, strict=True))


def _names_a_matter(phrase: Phrase) -> bool:
    """Tell whether a phrase has nothing but telling words between the common ones that it begins and ends with."""
    marks = "".join("c" if plain else "t" for plain in _common(phrase)).strip("c")
    return "c" not in marks


def _common(phrase: Phrase) -> list[bool]:
    folded = [fold(word) for word in phrase]
    language = language_of(folded)
    # What is left of "that's" and "don't" is common, whatever follows the apostrophe.
    return [is_common(word.split("'")[0], language) for word in folded]
