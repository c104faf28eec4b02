"""A real browser that visits the page: Debian's Chromium, or whichever is installed, through playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Milliseconds that anything on the page may take.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


@dataclass
class Visit:
    """A page that is open.

    Args:
        page: Playwright's.
        told: What it wrote to the console, and what went wrong in it.
        hosts: Whom it asked for anything.
    """

    page: Page
    told: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def overflows(self) -> bool:
        """Tell whether it is wider than the window."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide

    def went(self, place: str) -> None:
        """Go to a place of the page, and wait until it is there."""
        self.page.evaluate("place => { location.hash = place }", f"#/{place}")
        self.page.wait_for_selector(f'#places a[data-place="{place.split("/")[0]}"][aria-current]')
        self.page.wait_for_load_state("networkidle") if place == "chat" else self.page.wait_for_selector("main h1")


@contextmanager
def browsing() -> Iterator[Browser]:
    """Open a browser while the block runs."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed: `apt install chromium`, or the like")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(
    browser: Browser, url: str, *, width: int = 1440, height: int = 900, dark: bool = False
) -> Iterator[Visit]:
    """Visit an address while the block runs."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.told.append(message.text))
    visit.page.on("pageerror", lambda error: visit.told.append(str(error)))
    visit.page.on("request", lambda request: visit.hosts.add(_host(request)))
    try:
        visit.page.goto(url)
        visit.page.wait_for_selector("#roles dt", state="attached")
        yield visit
    finally:
        context.close()


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc
