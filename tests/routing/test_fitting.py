from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from metahuman.routing.examples import Example, as_row
from metahuman.routing.fitting import FOLDS, Lesson, cross_validate, learn, lesson_of
from metahuman.routing.model import load_model
from metahuman.routing.situations import encode
from metahuman.state.parts import DESTINATIONS, Destination, Task
from metahuman.state.routing import Said, Situation
from tests.lessons import FILLERS, TELLING, HashedEncoder, example, examples, lesson


def where(model_lesson: Lesson, *situations: Situation) -> list[Destination]:
    """Return where situations go after a lesson."""
    scores, _ = learn(model_lesson, 8.0).scores(encode(situations, HashedEncoder()))
    return [DESTINATIONS[best] for best in scores.destinations.argmax(1)]


def asked(to: Destination, filler: str = "please now") -> Said:
    return Said("twin", f"{TELLING[to][0]} {filler}?")


def test_what_was_learned_is_known() -> None:
    learned = lesson()
    assert where(learned, *(one.situation for one in examples())) == [one.label for one in examples()]


def test_what_was_learned_holds_for_others() -> None:
    unseen = cross_validate(lesson())
    assert (unseen.destinations.argmax(1) == lesson().labels).mean() > 0.97
    assert np.allclose(unseen.destinations.sum(1), 1, atol=1e-5)
    assert unseen.raw.shape == (len(examples()), len(DESTINATIONS) + 3)


def test_a_group_is_never_on_both_sides() -> None:
    """Where only its group tells an example's label, unseen groups can be but guessed."""
    random = np.random.default_rng(1)
    rows = [
        example(f"topic{group} {filler}", DESTINATIONS[random.integers(8)], group=f"g{group}")
        for group in range(40)
        for filler in FILLERS[:4]
    ]
    labels: dict[str, Destination] = {}
    rows = [example(one.situation.message, labels.setdefault(one.group, one.label), group=one.group) for one in rows]
    learned = Lesson.of(rows, HashedEncoder())
    assert (cross_validate(learned).destinations.argmax(1) == learned.labels).mean() < 0.3
    leaky = Lesson.of([dataclasses.replace(one, group=one.situation.message) for one in rows], HashedEncoder())
    assert (cross_validate(leaky).destinations.argmax(1) == leaky.labels).mean() > 0.9


def test_measuring_twice_measures_the_same() -> None:
    one, other = cross_validate(lesson()), cross_validate(lesson())
    assert np.array_equal(one.raw, other.raw)
    assert one.sharpness == other.sharpness


def test_a_fold_may_be_empty() -> None:
    few = [
        example(f"{words[0]} please", to, group=str(number % 2)) for number, (to, words) in enumerate(TELLING.items())
    ]
    assert np.isfinite(cross_validate(Lesson.of(few, HashedEncoder()), FOLDS).raw).all()


def test_the_owner_weighs_more() -> None:
    """Of one message with two answers the owner's counts, whichever of them it is."""
    for ours, owners in (("coder", "dreamer"), ("dreamer", "coder")):
        contested = [example("the thing", ours), example("the thing", owners, own=True)]  # type: ignore[arg-type]
        assert where(lesson(*contested), Situation("the thing")) == [owners]


@pytest.mark.parametrize("to", ["operator", "coder", "planner", "dreamer"])
def test_a_follow_up_goes_where_it_was_led(to: Destination) -> None:
    """The words asked about now are none that any follow-up was learned with."""
    led = [example("do it", one, asked(one, filler)) for one in DESTINATIONS for filler in FILLERS[:3]]
    alone = example("do it", "conversation")
    follow_up = Situation("do it", (Said("owner", "Hm"), Said("twin", f"{TELLING[to][1]} once more?")))
    assert where(lesson(*led, alone), follow_up, Situation("do it")) == [to, "conversation"]


def test_urgency_and_several_wishes_are_scored() -> None:
    tasks = (Task(destination="coder", task="python"), Task(destination="dreamer", task="dream"))
    both = [Example(Situation(f"python and dream {filler}"), tasks, group=filler) for filler in FILLERS]
    high = [dataclasses.replace(example(f"hurry {filler}", "coder"), urgency="high") for filler in FILLERS]
    low = [dataclasses.replace(example(f"sometime {filler}", "coder"), urgency="low") for filler in FILLERS]
    learned = learn(lesson(*both, *high, *low), 8.0)
    texts = ["python and dream", "hurry", "sometime", "python please now"]
    scores, _ = learned.scores(encode([Situation(text) for text in texts], HashedEncoder()))
    assert [scores.several.argmax(), scores.high.argmax(), scores.low.argmax()] == [0, 1, 2]
    assert max(scores.several[3], scores.high[3], scores.low[3]) < 0.3
    halves = scores.destinations[0]
    assert {DESTINATIONS[best] for best in halves.argsort()[-2:]} == {"coder", "dreamer"}


def test_a_lesson_comes_back_from_its_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    led = example("do it", "operator", asked("operator"), own=True)
    given = lesson(led, example("again", "dreamer", Said("owner", "imagine")))
    model = learn(given, 8.0)
    path = tmp_path_factory.mktemp("m") / "m.npz"
    path.write_bytes(model.content())
    for found, near in ((lesson_of(model), 0.0), (lesson_of(load_model(path)), 1e-3)):
        assert [as_row(one) for one in found.examples] == [as_row(one) for one in given.examples]
        assert found.encoder == given.encoder
        assert np.array_equal(found.weights, given.weights)
        for part, whole in zip(found.encoded, given.encoded, strict=True):
            assert np.allclose(part, whole, atol=near)
    assert np.allclose(learn(lesson_of(model), 8.0).added, model.added, atol=1e-4)


def test_lessons_are_put_together() -> None:
    one, other = lesson(), Lesson.of([example("x", "coder", own=True), example("y", "dreamer")], HashedEncoder())
    both = one + other
    assert [one.situation.message for one in both.examples[-2:]] == ["x", "y"]
    assert all(len(part) == len(both.examples) for part in both.encoded)
    assert both.weights[-2:].tolist() == [4, 1]
    assert both.part(np.array([len(one.examples)])).examples == [other.examples[0]]
