from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from metahuman.routing.classifier import LocalClassifier
from metahuman.routing.fitting import learn
from metahuman.routing.model import SHIPPED_MODEL, load_model
from metahuman.routing.opening import Followed, open_classifier
from metahuman.routing.situations import Encoder
from metahuman.routing.versions import Versions
from metahuman.state.errors import ModelMissing, SettingError, StoreError
from metahuman.state.routing import Situation
from metahuman.state.shipped import SHIPPED
from tests.lessons import HashedEncoder, example, lesson

MESSAGE = Situation("fetch the paper boat")


class Place:
    """A home's classifiers and settings."""

    def __init__(self, folder: Path) -> None:
        self.versions, self.settings = Versions(folder / "models"), folder / "routing.json"
        self.settings.write_bytes((SHIPPED / "routing.json").read_bytes())
        self.opened = 0

    def learn(self, to: str) -> None:
        taught = example(MESSAGE.message, to)  # type: ignore[arg-type]
        self.versions.add(learn(lesson(taught), 8.0).content())

    def open(self, encoder: Callable[[], Encoder] = HashedEncoder) -> LocalClassifier:
        def opened() -> Encoder:
            self.opened += 1
            return encoder()

        return open_classifier(self.versions, opened, lambda: self.settings)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def absent() -> Encoder:
    raise ModelMissing("the encoder is not there")


def where(classifier: LocalClassifier) -> str:
    return classifier.judge_now(MESSAGE).tasks[0]["destination"]


def test_nothing_is_loaded_before_it_is_needed_and_then_once(place: Place) -> None:
    place.learn("coder")
    classifier = place.open()
    assert place.opened == 0
    with ThreadPoolExecutor(4) as threads:
        assert {*threads.map(lambda _: where(classifier), range(8))} == {"coder"}
    assert place.opened == 1


def test_a_classifier_put_in_force_or_rolled_back_is_followed(place: Place) -> None:
    place.learn("coder")
    classifier = place.open()
    assert where(classifier) == "coder"
    place.learn("dreamer")
    assert where(classifier) == "dreamer"
    place.versions.roll_back()
    assert where(classifier) == "coder"
    place.learn("planner")  # under the name of the one that went
    assert where(classifier) == "planner"


def test_changed_settings_are_followed(place: Place) -> None:
    place.learn("coder")
    classifier, content = place.open(), json.loads(place.settings.read_bytes())
    for share, sure in ((0.0, True), (1.0, False), (0.01, True)):
        place.settings.write_text(json.dumps(content | {"thresholds": {"coder": share}}))
        assert classifier.judge_now(MESSAGE).sure is sure
    place.settings.write_text("{")
    with pytest.raises(SettingError):
        classifier.judge_now(MESSAGE)
    place.settings.write_text(json.dumps(content))
    assert where(classifier) == "coder"


def test_without_the_encoder_letters_have_to_do(place: Place) -> None:
    found = place.open(absent).judge_now(Situation("write a python function that parses dates"))
    assert (found.encoder, found.tasks[0]["destination"], found.nearest) == ("letters", "coder", [])


def test_without_the_encoder_nothing_raises_beside(place: Place) -> None:
    classifier = place.open(absent)
    classifier.expect(["shall I?"])
    assert classifier.judge_now(Situation("hello there")).encoder == "letters"


def test_a_classifier_of_another_encoder_gives_way_to_the_shipped_one(place: Place) -> None:
    """As after an update that brings another encoder: what was fitted to the old one means nothing to it."""
    place.learn("coder")
    shipped = load_model(SHIPPED_MODEL)
    new = HashedEncoder(shipped.encoder, len(shipped.mean))
    found = place.open(lambda: new).judge_now(Situation(shipped.rows[0]["text"]))
    assert found.encoder == shipped.encoder
    assert {one.text for one in found.nearest} <= {row["text"] for row in shipped.rows}


def test_a_broken_classifier_is_told_at_each_decision_until_it_is_mended(place: Place) -> None:
    place.learn("coder")
    whole = place.versions.path.read_bytes()
    place.versions.path.write_bytes(whole[:1000])
    classifier = place.open()
    for _ in range(2):
        with pytest.raises(StoreError, match="is no routing model"):
            classifier.judge_now(MESSAGE)
    place.versions.path.write_bytes(whole)
    assert where(classifier) == "coder"


def test_what_a_file_holds_is_read_when_it_changes(tmp_path: Path) -> None:
    path, reads = tmp_path / "f", list[str]()

    def read(path: Path) -> str:
        reads.append(text := path.read_text() if path.exists() else "nothing")
        return text

    followed = Followed(lambda: path, read)
    assert [followed(), followed()] == ["nothing", "nothing"]
    path.write_text("one")
    assert [followed(), followed()] == ["one", "one"]
    path.write_text("two")  # as long as before
    os.utime(path, ns=(1, 1))
    assert [followed(), followed()] == ["two", "two"]
    path.unlink()
    assert followed() == "nothing"
    assert reads == ["nothing", "one", "two", "nothing"]


def test_it_is_read_once_however_many_ask(tmp_path: Path) -> None:
    everybody, reads = threading.Barrier(4), list[Path]()

    def ask(_: int) -> int:
        everybody.wait(5)
        return followed()

    def read(path: Path) -> int:
        reads.append(path)
        return len(reads)

    followed = Followed(lambda: tmp_path, read)
    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(ask, range(4))] == [1, 1, 1, 1]
