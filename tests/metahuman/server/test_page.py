"""Tests of the page in a real browser: what a person sees, and does with mouse or keyboard alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from metahuman.training.job import EVALUATION
from metahuman.voice.blind import read_ab
from tests.fakes import Slow, registry_content
from tests.homes import TALK
from tests.metahuman.server.browser import browsing, visiting
from tests.serving import serving
from tests.talk import CODE, note, to, use
from tests.voices import a_home, a_run, an_ab

pytestmark = pytest.mark.slow
PLACES = ("chat", "approvals", "memories", "persona", "review", "voices", "agents", "usage", "audit")
CODER = TALK.replace("conversation", "coder")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


def test_a_chat_streams_and_tells_why(tmp_path: Path, browser: Browser) -> None:
    with (
        serving(tmp_path, orchestrator=[TALK], persona=["good morning to you"]) as served,
        visiting(browser, served.url) as visit,
    ):
        page = visit.page
        page.fill("#say", "hello")
        page.keyboard.press("Enter")
        expect(page.locator(".said")).to_have_text("hello")
        expect(page.locator(".words")).to_have_text("good morning to you")
        page.click(".why summary")
        expect(page.locator(".why")).to_contain_text("conversation")
        expect(page.locator("#threads a")).to_have_text("main")
        assert visit.told == []
        assert visit.hosts == {served.url.removeprefix("http://")}
        page.reload()
        expect(page.locator(".words")).to_have_text("good morning to you")


def test_an_answer_is_judged(tmp_path: Path, browser: Browser) -> None:
    with (
        serving(tmp_path, orchestrator=[TALK], persona=["good morning to you"]) as served,
        visiting(browser, served.url) as visit,
    ):
        visit.page.fill("#say", "hello")
        visit.page.keyboard.press("Enter")
        good, bad = (visit.page.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
        for score, pressed, other in ((0, bad, good), (1, good, bad)):
            pressed.click()
            expect(pressed).to_have_attribute("aria-pressed", "true")
            expect(other).to_have_attribute("aria-pressed", "false")
            told = visit.page.request.get(f"{served.url}/api/audit?event=feedback_given").json()["events"][-1]
            assert told["details"]["score"] == score


def test_words_are_shown_as_they_come_and_can_be_stopped(tmp_path: Path, browser: Browser) -> None:
    with (
        serving(tmp_path, orchestrator=[TALK], persona=[Slow("late", 30)]) as served,
        visiting(browser, served.url) as visit,
    ):
        visit.page.fill("#say", "a long story")
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator(".state")).to_have_text("thinking …")
        visit.page.get_by_role("button", name="Stop").click()
        expect(visit.page.locator(".turn [role=alert]")).to_contain_text("Stopped")
        visit.page.reload()
        expect(visit.page.get_by_role("button", name="Answer it after all")).to_be_visible()


def test_what_specialists_made_is_shown_whole_and_can_be_saved(tmp_path: Path, browser: Browser) -> None:
    with (
        serving(tmp_path, orchestrator=[CODER], coder=[CODE], persona=["here you are"]) as served,
        visiting(browser, served.url) as visit,
    ):
        visit.page.fill("#say", "sort it")
        visit.page.keyboard.press("Enter")
        shown = visit.page.locator(".artifact")
        expect(shown.locator("pre")).to_contain_text("sorted()")
        with visit.page.expect_download() as download:
            shown.get_by_role("link", name="Save as a file").click()
        assert "sorted()" in Path(download.value.path()).read_text()


def test_an_approval_shows_what_would_change_and_is_answered_by_keyboard(tmp_path: Path, browser: Browser) -> None:
    wanted = use("fs_write", path="note.txt", content="hello")
    script = {"orchestrator": [to(("operator", "write it down")), wanted, note("written")], "persona": ["written"]}
    with serving(tmp_path, **script) as served, visiting(browser, served.url) as visit:
        page = visit.page
        page.fill("#say", "write hello into note.txt")
        page.keyboard.press("Enter")
        asked = page.get_by_role("group", name="Your word is needed")
        expect(asked.locator("ins")).to_contain_text("+hello")
        visit.went("approvals")
        page.get_by_role("button", name="Yes").focus()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("Nothing waits for your word.")
        (written,) = tmp_path.rglob("note.txt")
        assert written.read_text() == "hello"


def test_the_roles_follow_an_edit_of_the_registry_without_a_reload(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path) as served, visiting(browser, served.url) as visit:
        roles = visit.page.locator("#roles")
        expect(roles).to_contain_text("persona")
        content = registry_content()
        content["models"][content["defaults"]["persona"]]["model"] = "another-model:7b"
        edited = time.monotonic()
        (tmp_path / "etc" / "models.json").write_text(json.dumps(content))
        expect(roles).to_contain_text("another-model:7b")
        assert time.monotonic() - edited < 2  # a loaded machine's; the panel looks four times a second
        (tmp_path / "etc" / "models.json").write_text("{")
        expect(visit.page.locator("#registry")).to_contain_text("not JSON")
        expect(roles).to_contain_text("another-model:7b")


def test_text_is_never_taken_for_markup(tmp_path: Path, browser: Browser) -> None:
    evil = "<img src=x onerror=alert(1)> **bold** [a](javascript:alert(1))"
    with serving(tmp_path, orchestrator=[TALK], persona=[evil]) as served, visiting(browser, served.url) as visit:
        visit.page.fill("#say", evil)
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator(".words strong")).to_have_text("bold")
        expect(visit.page.locator(".words")).to_contain_text("<img src=x")
        assert visit.page.locator("main img, main a[href^=javascript]").count() == 0
        visit.went("memories")
        expect(visit.page.locator("main")).to_contain_text("<img src=x")
        assert visit.page.locator("main img").count() == 0


def test_a_memory_is_found_changed_and_forgotten_by_keyboard_alone(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path, orchestrator=[TALK], persona=["How lovely"]) as served:
        served.events("/api/chat", {"message": "The old pear tree in the garden blooms in April"})
        with visiting(browser, served.url) as visit:
            page = visit.page
            for key in ("Escape", "g", "m"):
                page.keyboard.press(key)
            page.get_by_role("searchbox").focus()
            page.keyboard.type("pear tree")
            page.keyboard.press("Enter")
            expect(page.locator("main")).to_contain_text("1 found")
            page.locator(".cards a").focus()
            page.keyboard.press("Enter")
            content = page.get_by_label("What was said, or happened")
            content.fill("The old apple tree in the garden blooms in May")
            page.get_by_role("button", name="Save").press("Enter")
            expect(page.locator("#notices")).to_contain_text("changed")
            page.get_by_role("button", name="Forget …").press("Enter")
            expect(page.get_by_role("dialog")).to_contain_text("for good")
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
            page.get_by_role("button", name="Forget …").press("Enter")
            page.get_by_role("dialog").get_by_role("button", name="Forget").press("Enter")
            expect(page.locator("#notices")).to_contain_text("forgotten")
        assert not list((tmp_path / "memory" / "episodic").rglob("*.json"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(320, 640), (1440, 900)])
def test_every_place_fits_and_is_accessible(
    tmp_path: Path, browser: Browser, width: int, height: int, *, dark: bool
) -> None:
    with serving(tmp_path, orchestrator=[TALK], persona=["a word " * 80 + "x" * 200]) as served:
        served.events("/api/chat", {"message": "y" * 300})
        with visiting(browser, served.url, width=width, height=height, dark=dark) as visit:
            for place in PLACES:
                visit.went(place)
                assert not visit.overflows(), place
                found = Axe().run(visit.page).response["violations"]
                grave = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
                assert grave == [], place
            assert visit.told == []


def test_a_phone_opens_threads_and_status_from_the_menu(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path) as served, visiting(browser, served.url, width=320, height=640) as visit:
        expect(visit.page.locator("#side")).to_be_hidden()
        visit.page.get_by_role("button", name="Threads and status").press("Enter")
        expect(visit.page.locator("#roles")).to_be_visible()
        assert not visit.overflows()
        visit.page.keyboard.press("Escape")
        expect(visit.page.locator("#side")).to_be_hidden()


def test_the_mode_is_switched_and_shown_to_all(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path) as served, visiting(browser, served.url) as one, visiting(browser, served.url) as other:
        one.page.select_option("#mode", "agent")
        expect(other.page.locator("#mode")).to_have_value("agent")
        assert json.loads((tmp_path / "persona" / "cognitive-mode.json").read_text())["currentMode"] == "agent"


def test_a_voice_is_voted_on_blind_by_keyboard(tmp_path: Path, browser: Browser) -> None:
    run = a_run(a_home(tmp_path))
    an_ab(run, 3)
    with serving(tmp_path) as served, visiting(browser, served.url) as visit:
        visit.went("voices")
        expect(visit.page.locator("main td").first).to_contain_text(run.name)
        visit.page.get_by_role("link", name="Vote").press("Enter")
        waiting = visit.page.get_by_text("left · keys")
        expect(waiting).to_have_count(1)
        while waiting.count():
            before = visit.page.locator("blockquote").inner_text()
            visit.page.keyboard.press("t")
            gone = "before => document.querySelector('blockquote')?.innerText !== before"
            visit.page.wait_for_function(gone, arg=before)
        expect(visit.page.locator("main")).to_contain_text("All pairs were voted on.")
    assert {vote.chose for vote in read_ab(run.folder / EVALUATION).sheet.votes} == {"tie"}
