"""The web shop, measured: `python examples/web_shop/run.py`. A real headless Chromium, no key, about a minute.

Needs Playwright (`pip install playwright`) and a Chromium: Debian's (`apt-get install chromium`) or Playwright's
(`playwright install chromium`).
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from browser import Browser
from langchain_core.tools import BaseTool
from plans import generate_tasks, plan_for, understand
from shop import Shop

from langchain_awo import Options, RuleSet
from langchain_awo.demo.backoffice.tasks import Task
from langchain_awo.demo.trial import run_trial
from langchain_awo.demo.trial_text import format_trial
from langchain_awo.optimizer.rules.file import read_rules

HERE = Path(__file__).parent


class Place:
    """A shop with nobody in it, and a browser that is in front of it."""

    def __init__(self, browser: Browser) -> None:
        self._shop = Shop()
        self._browser = browser
        browser.visit(self._shop.address)

    def tools(self) -> list[BaseTool]:
        """What an agent can do in the browser."""
        return self._browser.tools()

    def rows(self) -> dict[str, list[Any]]:
        """The shop's reviews and orders."""
        return self._shop.rows()

    def achieved(self, task: Task, answer: str) -> bool:
        """Whether the review or the order is in the shop's database, or the answer is the price."""
        kind, said = understand(task.instruction)
        (product,) = self._shop.ask(
            "select * from products where title = ?", f"{said['colour']} {said['thing']}"
        )
        if kind == "price":
            return answer == f"{product['price']:.2f}"
        names = ("rating", "title", "text") if kind == "review" else ("quantity", "name", "street", "city")
        wanted = {name: said[name] for name in names}
        rows = self._shop.rows()["reviews" if kind == "review" else "orders"]
        return any(
            row["product_id"] == product["product_id"]
            and all(str(row[name]) == wanted[name] for name in names)
            for row in rows
        )

    def close(self) -> None:
        """Closes the shop; the browser stays."""
        self._shop.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=60, help="how many tasks")
    options.add_argument("--held-out", type=int, help="how many of them are held out; a third if not given")
    options.add_argument("--no-comparison", action="store_true", help="leave out the other strategies")
    options.add_argument("--no-rules", action="store_true", help="compile without the merging rules")
    asked = options.parse_args()
    rules = read_rules(HERE / "rules.yaml")
    with Browser() as browser:
        trial = run_trial(
            partial(Place, browser),
            plan_for,
            generate_tasks(asked.tasks),
            held_out=asked.held_out or asked.tasks // 3,
            folder=Path(tempfile.mkdtemp()),
            options=Options(
                rules=RuleSet() if asked.no_rules else rules, effects=rules.effects, writes="guarded"
            ),
            comparing=not asked.no_comparison,
            tell=lambda phase: print(f"{phase} ...", file=sys.stderr, flush=True),
            reading=["open_shop", "scroll"],
        )
    print(format_trial(trial))


if __name__ == "__main__":
    main()
