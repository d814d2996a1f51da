"""A headless Chromium and the five things an agent can do in it; each answers with what the page says then."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from playwright.sync_api import Error, Page, sync_playwright

OBSERVE = """() => {
  const named = (elements, more) => Object.fromEntries([...elements].map(each => [
    (each.labels?.[0]?.innerText ?? each.innerText).trim(), {id: each.id, ...more(each)}]));
  const all = selector => document.querySelectorAll(selector);
  return {
    page: location.pathname + location.search,
    text: document.querySelector('main').innerText,
    fields: named(all('input, select, textarea'), each => ({value: each.value})),
    buttons: named(all('button'), () => ({})),
    links: named(all('a'), () => ({})),
  };
}"""
"""What can be used on a page, by its accessible name, as an accessibility tree gives it, and what there is to read."""

FORM = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True}
CLICK = {"readOnlyHint": False, "destructiveHint": False}
LOOK = {"readOnlyHint": True}


class Browser:
    """One page of a real browser. Playwright is bound to the thread it was started in, so that all runs in one of its own."""

    def __init__(self) -> None:
        self._address = ""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
        self._page: Page = self._thread.submit(self._start).result()

    def visit(self, address: str) -> None:
        """Goes to another shop, as somebody who was never there: `open_shop` opens it."""
        self._address = address
        self._page = self._thread.submit(self._new_page).result()

    def __enter__(self) -> Self:
        """The browser itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def close(self) -> None:
        """Ends the browser."""
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def tools(self) -> list[BaseTool]:
        """What an agent can do."""

        def open_shop() -> dict[str, Any]:
            """Open the shop's first page."""
            return self._do(lambda page: page.goto(self._address))

        def type_text(id: str, text: str) -> dict[str, Any]:  # noqa: A002  # the name on the page
            """Type text into the field with this id, in place of what it holds."""
            return self._do(lambda page: (page.fill(f"#{id}", ""), page.type(f"#{id}", text)))

        def fill(id: str, value: str) -> dict[str, Any]:  # noqa: A002
            """Fill the field of a form; of a list of choices, choose one."""
            return self._do(lambda page: _fill(page, f"#{id}", value))

        def click(id: str) -> dict[str, Any]:  # noqa: A002
            """Click the button or link with this id and wait for the page it leads to."""
            return self._do(lambda page: _navigate(page, lambda: page.click(f"#{id}")))

        def press_enter(id: str) -> dict[str, Any]:  # noqa: A002
            """Press the enter key in the field with this id and wait for the page it leads to."""
            return self._do(lambda page: _navigate(page, lambda: page.press(f"#{id}", "Enter")))

        def scroll(direction: str) -> dict[str, Any]:
            """Scroll the page `up` or `down`."""
            pixels = -400 if direction == "up" else 400
            return self._do(lambda page: page.mouse.wheel(0, pixels))

        hints = {
            type_text: FORM,
            fill: FORM,
            open_shop: LOOK,
            click: CLICK,
            press_enter: CLICK,
            scroll: LOOK,
        }
        return [
            StructuredTool.from_function(each, metadata=claims, handle_tool_error=True)
            for each, claims in hints.items()
        ]

    def _do(self, action: Callable[[Page], Any]) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            try:
                action(self._page)
                seen: dict[str, Any] = self._page.evaluate(OBSERVE)
            except Error as error:
                raise ToolException(error.message.splitlines()[0]) from error
            return seen

        return self._thread.submit(act).result()

    def _start(self) -> Page:
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        return self._new_page()

    def _new_page(self) -> Page:
        for context in self._chromium.contexts:
            context.close()
        page = self._chromium.new_page()
        page.set_default_timeout(10_000)
        return page

    def _stop(self) -> None:
        self._chromium.close()
        self._playwright.stop()


def chromium() -> str | None:
    """The browser of the system, or `None` for the one that Playwright installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _navigate(page: Page, act: Callable[[], Any]) -> None:
    with page.expect_navigation():
        act()


def _fill(page: Page, selector: str, value: str) -> None:
    if page.eval_on_selector(selector, "each => each.tagName") == "SELECT":
        page.select_option(selector, label=value)
    else:
        page.fill(selector, value)
