"""Makes the pictures in review.md again, from the folder of the repository: `python -m docs.review_pictures`.

The runs are those of the tests of the review; they are compiled, decided about by clicks, and photographed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from docs.screenshots import IMAGES, browser, write
from tests.review.recordings import runs

AWO = [sys.executable, "-m", "langchain_awo"]
WRITES = ["--writes", "--effect", "page_team=write", "--effect", "pay_back=write"]
PAGE, PAY, READ = (
    "#tool-page_team_after_alert",
    "#tool-pay_back_for_received_return",
    "#tool-get_customer_orders",
)


def main() -> None:
    """Make every picture: before the first click, after three decisions, recorded runs, and a phone at night."""
    with TemporaryDirectory() as folder, browser() as chromium, reviewed(Path(folder)) as address:
        page = chromium.new_page(viewport={"width": 1040, "height": 860})
        page.goto(address)
        page.wait_for_selector(PAGE)
        write(page.screenshot(), IMAGES / "review.png")
        page.locator(f"{PAGE} summary").click()
        write(page.locator(f"{PAGE} .examples").screenshot(), IMAGES / "review-examples.png")
        page.locator(f"{PAGE} summary").click()
        decide(page)
        phone = chromium.new_context(
            viewport={"width": 390, "height": 760}, color_scheme="dark", device_scale_factor=1.5
        ).new_page()
        phone.goto(address)
        phone.wait_for_selector(PAY)
        write(phone.screenshot(), IMAGES / "review-phone.png")


def decide(page: Page) -> None:
    """Accept a guarded write, reject one with a reason, and give a read another name; each is a picture."""
    page.fill("#by", "Ann")
    page.locator(f"{PAGE} button.yes").first.click()
    page.wait_for_selector(f"{PAGE}.accepted")
    take_top(page, PAGE, "review-accepted")
    page.locator(f"{PAY} .actions button.no").first.click()
    page.fill(f"{PAY} .inline input", "finance checks each")
    take_top(page, PAY, "review-rejecting")
    page.press(f"{PAY} .inline input", "Enter")
    page.wait_for_selector(f"{PAY}.rejected")
    page.locator(f"{READ} [data-key=e]").click()
    page.fill(f"{READ} .editor input", "orders_of_customer")
    take_top(page, READ, "review-renaming")
    page.press(f"{READ} .editor input", "Enter")
    page.wait_for_selector("#tool-orders_of_customer")


def take_top(page: Page, card: str, name: str) -> None:
    """Photographs the bar with the totals and, below it, a card down to what it does."""
    page.evaluate("card => document.querySelector(card).scrollIntoView()", card)
    below = page.locator(f"{card} section").first.bounding_box()
    height = int(below["y"]) if below else 0
    write(page.screenshot(clip={"x": 0, "y": 0, "width": 1040, "height": height}), IMAGES / f"{name}.png")


@contextmanager
def reviewed(folder: Path) -> Iterator[str]:
    """The address of a review of what was compiled from the runs."""
    (folder / "traces.jsonl").write_text("\n".join(runs()), encoding="utf-8")
    known = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    subprocess.run([*AWO, "compile", "traces.jsonl", *WRITES], cwd=folder, env=known, check=True)  # noqa: S603  # ours
    command = [*AWO, "review", "toolkit.json", "--traces", "traces.jsonl", "--no-browser"]
    with subprocess.Popen(command, cwd=folder, env=known, stdout=subprocess.PIPE, text=True) as serving:  # noqa: S603
        try:
            yield (serving.stdout.readline() if serving.stdout else "").strip()
        finally:
            serving.terminate()


if __name__ == "__main__":
    main()
