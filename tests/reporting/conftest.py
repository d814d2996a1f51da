"""A real browser, and a page that must stay silent."""

from __future__ import annotations

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; each module closes its own, since Playwright keeps an event loop running meanwhile."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"there is no browser: none of {', '.join(NAMES)} is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


class Watched:
    """A page, and what it said and fetched."""

    def __init__(self, page):
        self.page = page
        self.said = []
        self.fetched = []
        self.asked = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.fetched.append(request.url))
        page.on("dialog", self._dismiss)

    def _dismiss(self, dialog):
        self.asked.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens a page from a file; afterwards it must have said nothing, asked nothing and fetched nothing but itself."""
    opened = []

    def open_one(html, *, width=1280, height=900, dark=False):
        file = tmp_path / f"page-{len(opened)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        watched = Watched(context.new_page())
        opened.append((context, watched, file))
        watched.page.goto(file.as_uri())
        return watched.page

    yield open_one
    for context, watched, file in opened:
        context.close()
        assert watched.said == []
        assert watched.asked == []
        assert [url for url in watched.fetched if url != "about:srcdoc"] == [file.as_uri()]
