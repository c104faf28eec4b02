"""What a model claims to have noticed, weighed: counted in the memories' own text, or refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from metahuman.memory.curation.cleaning import found_in
from metahuman.memory.digest.catchphrases import Said, Use, objection, said_by_owner, uses, words_in
from metahuman.memory.digest.facts import is_grounded
from metahuman.memory.digest.spread import apart, varied
from metahuman.memory.digest.terms import telling_stems
from metahuman.memory.digest.themes import FEWEST, about, alike, stems_of
from metahuman.memory.digest.wordings import stands_in, words_of
from metahuman.state.digesting import Claim, Item, Noted, Refused
from metahuman.state.persona_cache import SOURCES

#: Words of a theme's name, of what a fact is about, and of a habit at the most.
THEME_WORDS, ABOUT_WORDS, HABIT_WORDS = 5, 3, 12
#: The words by which a habit shows: fewer stand everywhere.
SHOWN_WORDS = 2


class Weighing:
    """Weighs claims against some memories.

    Args:
        noted: The memories, oldest first.
        items: What rules found in them.
    """

    def __init__(self, noted: Sequence[Noted], items: Sequence[Item]) -> None:
        self._noted, self._items = noted, list(items)
        self._places = {one["id"]: place for place, one in enumerate(noted)}
        self._stems = [telling_stems(one["said"]) for one in noted]
        self._said: Said = said_by_owner(noted)
        self._words = words_in(self._said)

    def weigh(self, claims: Sequence[Claim]) -> tuple[list[Item], list[Refused]]:
        """Return all that holds, what rules found before what was claimed, and what does not."""
        refused = list[Refused]()
        for claim in claims:
            outcome = self._weighed(claim)
            if isinstance(outcome, str):
                refused.append(Refused(kind=claim["kind"], text=claim["text"], reason=outcome))
            elif outcome not in self._items:
                self._items.append(outcome)
        return self._items, refused

    def _weighed(self, claim: Claim) -> Item | str:
        """Return the item that a claim comes to, or why it comes to none."""
        if found_in(f"{claim['text']}: {claim['value']}"):
            return "it holds a secret or personal data"
        if not claim["memories"]:
            return "it cites no memory that there is"
        weigh = {"theme": self._theme, "fact": self._fact, "catchphrase": self._phrase, "quirk": self._habit}
        return weigh[claim["kind"]](claim)

    def _theme(self, claim: Claim) -> Item | str:
        stems, places = stems_of(claim["text"]), about(stems_of(claim["text"]), self._stems)
        if not stems or len(claim["text"].split()) > THEME_WORDS:
            return f"it is no matter in one to {THEME_WORDS} words"
        if not set(places) & self._cited(claim):
            return "none of the memories that it cites is about it"
        if len(places) < FEWEST:
            return "only one memory is about it"
        if known := self._known_theme(stems, places):
            return known
        return self._item(claim, places)

    def _known_theme(self, stems: frozenset[str], places: Sequence[int]) -> Item | None:
        for item in self._items:
            if item["kind"] == "theme":
                others = [self._places[memory] for memory in item["memories"]]
                if alike(stems, stems_of(item["text"]), places, others):
                    return item
        return None

    def _fact(self, claim: Claim) -> Item | str:
        key, value = " ".join(claim["text"].split()), " ".join(claim["value"].split())
        if not key or not value or len(key.split()) > ABOUT_WORDS:
            return "it does not say what it is about in a few words"
        known = [item for item in self._items if item["kind"] == "fact"]
        if any(item["text"].casefold() == key.casefold() for item in known):
            return "rules have read that matter themselves"
        if any(words_of(item["value"]) == words_of(value) for item in known):
            return "it is known already, under another name"
        places = [place for place in sorted(self._cited(claim)) if self._states(place, value)]
        if not places:
            return "no memory that it cites states it plainly"
        # Of two memories that state something else, only the later holds; a claim has but one value.
        return {**self._item(claim, places[-SOURCES:]), "text": key, "value": value}

    def _states(self, place: int, value: str) -> bool:
        one = self._noted[place]
        return one["own"] and one["current"] and is_grounded(value, one["said"])

    def _phrase(self, claim: Claim) -> Item | str:
        phrase = words_of(claim["text"])
        use = uses(self._said, {phrase}).get(phrase, Use()) if phrase else Use()
        if not use.memories:
            return "the owner never says it in these words"
        if not apart(self._noted, use.memories) or not varied(self._noted, use.memories):
            return "it is not said often enough, and far enough apart"
        if problem := objection(phrase, use, self._words):
            return problem
        return {**self._item(claim, sorted(use.memories)), "text": use.name}

    def _habit(self, claim: Claim) -> Item | str:
        phrase = words_of(claim["words"])
        if not claim["text"].strip() or len(claim["text"].split()) > HABIT_WORDS or len(phrase) < SHOWN_WORDS:
            return "it cannot be counted: it names no words by which it shows"
        places = [place for place, said in enumerate(self._said) if stands_in(phrase, said)]
        if not apart(self._noted, places):
            return "it does not show often enough, and far enough apart"
        known = {item["text"].casefold() for item in self._items if item["kind"] == "quirk"}
        return "it is known already" if claim["text"].casefold() in known else self._item(claim, places)

    def _cited(self, claim: Claim) -> set[int]:
        return {self._places[memory] for memory in claim["memories"] if memory in self._places}

    def _item(self, claim: Claim, places: Sequence[int]) -> Item:
        text, memories = " ".join(claim["text"].split()), [self._noted[place]["id"] for place in places]
        return Item(kind=claim["kind"], text=text, value="", ended=False, memories=memories, by="model")
