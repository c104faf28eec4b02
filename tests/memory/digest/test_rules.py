"""What rules find in memories: themes, catchphrases, quirks and facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.digest.catchphrases import catchphrases
from metahuman.memory.digest.everyday import is_everyday
from metahuman.memory.digest.facts import facts, is_grounded
from metahuman.memory.digest.finding import found_by_rules
from metahuman.memory.digest.quirks import quirks
from metahuman.memory.digest.themes import alike, themes
from metahuman.memory.digest.wordings import clauses, stands_in, words_of
from tests.digests import noted

FILLER = [
    "the weather turned", "we cooked rice and beans", "a train was late", "my back hurts", "the roof leaks again",
    "nobody came to dinner", "there were gulls on the pier", "a letter from the bank", "two new tyres", "it snowed",
]  # fmt: skip


class TestThemes:
    def test_a_matter_that_comes_back_is_one(self) -> None:
        found = themes(["The solar panels are up.", "yeah, solar panels, you know", "I mean the weather", "okay then"])
        assert [(theme.name, theme.places) for theme in found] == [("solar panels", (0, 1))]

    def test_its_name_is_written_as_people_write_it(self) -> None:
        (theme,) = themes(["Panels! The XML format broke.", "why is the XML format so long", "XML formats are odd"])
        assert (theme.name, len(theme.places)) == ("XML format", 3)

    def test_forms_of_a_word_are_one_word(self) -> None:
        (theme,) = themes(["the garden fence fell over", "all the garden fences rot"])
        assert theme.places == (0, 1)

    def test_what_comes_up_once_is_none(self) -> None:
        assert themes(["a violin", "the harbour"]) == []
        assert themes([]) == []

    def test_everyday_words_are_none_in_other_languages_either(self) -> None:
        found = themes(["Also der Garten ist wieder voll, glaube ich", "Heute war ich eigentlich im Garten"])
        assert [theme.name for theme in found] == ["Garten"]

    def test_scripts_without_blanks_have_themes_too(self) -> None:
        assert themes(["我喜欢音乐", "音乐很好听"])

    def test_words_are_not_told_twice(self) -> None:
        texts = ["touch screen design", "the touch screen", "a screen design", "touch screens", "screen design"] * 2
        names = [theme.name for theme in themes(texts)]
        assert len(names) == len(set(names)) <= 3

    def test_the_same_texts_have_the_same_themes_whatever_their_order(self) -> None:
        texts = [f"the {thing} of the {place}" for thing in ("boat", "mast") for place in ("harbour", "bay")]
        assert {theme.stems for theme in themes(texts)} == {theme.stems for theme in themes(texts[::-1])}

    def test_of_two_alike_one_says_more_in_mostly_the_same_memories(self) -> None:
        one, more = frozenset({"garden"}), frozenset({"garden", "fenc"})
        assert alike(one, one, [], [])
        assert alike(one, more, [1, 2, 3], [1, 2])
        assert not alike(one, more, [1, 2, 3, 4, 5], [1, 2])
        assert not alike(one, frozenset({"boat"}), [1], [1])


class TestCatchphrases:
    def test_a_phrase_of_the_owners_own_is_found_with_its_memories(self) -> None:
        assert catchphrases(noted(*FILLER, "Long story short, it broke", "it rained. Long story short")) == []
        said = noted("Long story short, it broke", *FILLER, "it rained. Long story short", "so, long story short, no")
        assert catchphrases(said) == [("long story short", [0, 11, 12])]

    @pytest.mark.parametrize(
        "phrase", ["Let me check that for you", "not my circus, not my monkeys", "trust but verify"]
    )
    def test_phrases_of_common_words_too(self, phrase: str) -> None:
        said = noted(*(text for filler in FILLER for text in (f"{phrase}. {filler}", filler)))
        assert [text.casefold() for text, _ in catchphrases(said)] == [phrase.casefold()]

    @pytest.mark.parametrize(
        "phrase",
        [
            "can you help me with this",
            "write a function that sorts",
            "I don't know",
            "thank you very much",
            "Best regards",
            "good morning",
            "let me know what you think",
            "how do I fix it?",
            "at the end of the",
            "as soon as possible",
            "I would like to",
            "Hello there",
        ],
    )
    def test_what_everybody_says_is_none(self, phrase: str) -> None:
        said = noted(*(text for filler in FILLER for text in (f"{phrase}, {filler}", filler)))
        assert catchphrases(said) == []

    def test_what_they_are_about_is_none(self) -> None:
        said = noted(*(f"{filler} with the solar power plant of Bo Lee" for filler in FILLER))
        assert not [phrase for phrase, _ in catchphrases(said) if "solar" in phrase or "Bo" in phrase]

    def test_one_conversation_or_one_day_is_not_enough(self) -> None:
        said = [text for filler in FILLER for text in (f"slow is smooth: {filler}", filler)]
        assert catchphrases(noted(*said, threads=1)) == []
        assert catchphrases(noted(*said, days=0)) == []
        assert [phrase for phrase, _ in catchphrases(noted(*said))] == ["slow is smooth"]

    def test_what_others_say_is_none(self) -> None:
        assert catchphrases(noted(*(f"slow is smooth: {filler}" for filler in FILLER), own=False)) == []

    def test_a_part_of_a_phrase_is_none(self) -> None:
        said = noted(*(f"move fast and break things, {filler}" for filler in FILLER))
        assert [phrase for phrase, _ in catchphrases(said)] == ["move fast and break things"]

    def test_each_stands_literally_in_its_memories(self) -> None:
        said = noted(*(f"Not my circus, not my monkeys! {filler}" for filler in FILLER))
        assert catchphrases(said)
        for phrase, places in catchphrases(said):
            assert all(stands_in(words_of(phrase), clauses(said[place]["said"])) for place in places)

    def test_everyday_frames_are_found_quickly(self) -> None:
        assert not is_everyday(("i",) * 8 + ("x",))


class TestQuirks:
    def of(self, *said: str) -> list[str]:
        return [text for text, _ in quirks(noted(*said))]

    def test_spelling(self) -> None:
        assert "writes without capital letters" in self.of(*["so i went home today"] * 10)
        assert "writes without capital letters" not in self.of(*["So I went home today"] * 10)
        assert self.of(*["so i went home today"] * 5) == []
        assert "uses emoji" in self.of(*["so I went home today 🙂"] * 10)

    def test_what_is_asked_for(self) -> None:
        roof = ["The roof leaks in the north wing"] * 5
        asks = [*roof, "Keep it short.", *roof, "In one sentence: what is rain?", *roof, "tl;dr please"]
        assert "asks for short answers" in self.of(*asks)
        assert "asks for short answers" not in self.of(*asks[:-1])
        assert "asks for one step at a time" in self.of(*["Step by step, how does it burn?"] * 5)

    def test_courtesy_is_counted_where_there_was_a_chance(self) -> None:
        says = ["Please fix the roof", "can you open it, please"] * 5
        assert "says please" in self.of(*says, *["The roof leaks in the north wing"] * 30)
        assert "says please" not in self.of(*["Fix the roof"] * 9, *says[:2])

    def test_code_is_nobodys_spelling(self) -> None:
        assert "writes without capital letters" not in self.of(*["int main() { return x(); }"] * 10)

    def test_languages(self) -> None:
        assert "writes in German" in self.of(*["ich habe das nicht gesehen und es war kalt"] * 10)


class TestFacts:
    def of(self, *said: str) -> list[tuple[str, str, list[str]]]:
        return [(one["text"], one["value"], one["memories"]) for one in facts(noted(*said))]

    def test_the_latest_word_holds_as_it_is_written(self) -> None:
        assert self.of("I live in New Lisbon.", "I moved to Oslo.") == [("home", "Oslo", ["m1"])]
        assert self.of("I live in Oslo.", "I live in Oslo.") == [("home", "Oslo", ["m0", "m1"])]

    def test_what_is_asked_wished_or_of_another_is_none(self) -> None:
        assert self.of("Do I live in Oslo?", "I want to live in Rome", "If I live in Bern, so what") == []
        assert facts(noted("I live in Oslo", own=False)) == []

    def test_what_holds_no_longer_is_told(self) -> None:
        (fact,) = facts(noted("I work at Acme Corp.", "I no longer work at Acme Corp."))
        assert (fact["text"], fact["ended"], fact["memories"]) == ("employer", True, ["m1"])

    def test_what_lets_somebody_in_or_finds_them_is_left_out(self) -> None:
        assert self.of("My email is ada@example.org") == []

    @pytest.mark.parametrize(
        ("value", "text", "grounded"),
        [
            ("Oslo", "I moved to Oslo last year.", True),
            ("green tea", "Green tea is what I drink.", True),
            ("Oslo", "I do not live in Oslo.", False),
            ("Oslo", "I might move to Oslo.", False),
            ("Oslo", "Oslo is cold.", False),
            ("Oslo", "Do I like Oslo?", False),
            ("Osl", "I live in Oslo.", False),
            ("", "I live in Oslo.", False),
            ("Oslo", 'He wrote "I live in Oslo".', False),
        ],
    )
    def test_a_value_is_grounded_where_it_is_said_plainly(self, value: str, text: str, *, grounded: bool) -> None:
        assert is_grounded(value, text) is grounded


@given(st.lists(st.text(max_size=80), max_size=12))
def test_whatever_was_said_each_thing_cites_memories_that_there_are(said: list[str]) -> None:
    memories = noted(*said)
    ids = {one["id"] for one in memories}
    for item in found_by_rules(memories):
        assert item["memories"]
        assert set(item["memories"]) <= ids
        assert item["text"].strip()
