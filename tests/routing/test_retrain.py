from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.routing.corrections import Corrections
from metahuman.routing.fitting import learn
from metahuman.routing.model import load_model
from metahuman.routing.retrain import Retrained, retrain
from metahuman.routing.situations import encode
from metahuman.routing.versions import SHIPPED, Versions
from metahuman.state.errors import StoreError
from metahuman.state.parts import DESTINATIONS, Destination
from metahuman.state.routing import Said, Situation
from tests.lessons import HashedEncoder, examples, lesson

pytestmark = pytest.mark.slow


class Place:
    """A home's corrections and classifiers, and the classifier that was shipped to it."""

    def __init__(self, folder: Path) -> None:
        self.corrections, self.versions = Corrections(folder / "c.jsonl"), Versions(folder / "models")
        self.shipped = folder / "shipped.npz"
        self.shipped.write_bytes(learn(lesson(), 8.0).content())

    def correct(self, text: str, right: Destination, *earlier: Said) -> None:
        self.corrections.add(f"{text} {earlier}", Situation(text, earlier), [right], "now")

    def retrain(self) -> Retrained:
        return retrain(self.corrections, self.versions, HashedEncoder(), self.shipped)

    def where(self, *situations: Situation) -> list[Destination]:
        """Return where the classifier in force sends situations."""
        scores, _ = load_model(self.versions.path).scores(encode(situations, HashedEncoder()))
        return [DESTINATIONS[best] for best in scores.destinations.argmax(1)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_correction_is_learned_and_the_rest_is_not_forgotten(place: Place) -> None:
    place.correct("fetch the paper boat", "operator")
    place.correct("do it", "dreamer", Said("twin", "a paper boat?"))
    done = place.retrain()
    assert (done.corrections, done.learned, done.kept) == (2, 2, True)
    assert done.version == place.versions.current != SHIPPED
    assert 0.9 < done.before <= done.after <= 1
    led = Situation("do it", (Said("twin", "a paper boat?"),))
    assert place.where(Situation("fetch the paper boat"), led) == ["operator", "dreamer"]
    assert place.where(*(one.situation for one in examples())) == [one.label for one in examples()]


def test_poisoned_corrections_are_refused(place: Place) -> None:
    """A list under which much that was right would go wrong leaves what was in force in force."""
    for one in examples():
        place.correct(f"{one.situation.message} thing", "curator")
    done = place.retrain()
    assert done.after < done.before
    assert (done.kept, done.version, place.versions.current) == (False, SHIPPED, SHIPPED)
    assert not place.versions.folder.exists()


def test_what_was_kept_before_stays_when_the_next_is_refused(place: Place) -> None:
    place.correct("fetch the paper boat", "operator")
    kept = place.retrain()
    for one in examples():
        place.correct(f"{one.situation.message} thing", "curator")
    refused = place.retrain()
    assert (refused.kept, refused.version, place.versions.current) == (False, kept.version, kept.version)
    assert place.where(Situation("fetch the paper boat")) == ["operator"]


def test_each_time_it_begins_with_what_was_shipped(place: Place) -> None:
    """What was learned wrong is unlearned as soon as its line is gone."""
    place.correct("fetch the paper boat", "operator")
    one = place.retrain()
    place.corrections.path.unlink()
    place.correct("fetch the paper boat", "planner")
    other = place.retrain()
    assert (one.kept, other.kept, other.corrections) == (True, True, 1)
    assert place.where(Situation("fetch the paper boat")) == ["planner"]
    assert len(load_model(place.versions.path).rows) == len(examples()) + 1
    assert place.versions.roll_back() == one.version
    assert place.where(Situation("fetch the paper boat")) == ["operator"]


def test_without_corrections_there_is_nothing_to_learn(place: Place) -> None:
    with pytest.raises(StoreError, match=r"c\.jsonl: no corrections yet; say `/wrong tools`"):
        place.retrain()


def test_a_broken_line_is_told_and_nothing_changes(place: Place) -> None:
    place.corrections.path.write_text('{"text": "a", "to": "coder"}\n{"text": \n')
    with pytest.raises(StoreError, match=r"c\.jsonl: line 2: "):
        place.retrain()
    assert not place.versions.folder.exists()


def test_a_shipped_classifier_that_is_broken_is_told(place: Place) -> None:
    place.correct("fetch the paper boat", "operator")
    place.shipped.write_bytes(b"")
    with pytest.raises(StoreError, match=r"shipped\.npz: is no routing model"):
        place.retrain()
