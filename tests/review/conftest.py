"""A toolkit with two guarded writes, compiled from real recordings, and a review of it in a real browser."""

from __future__ import annotations

import threading

import pytest

from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.model.ir.reviewing import all_of
from langchain_awo.model.ir.sameness import routine_digest
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.plan_file import read_plan, write_plan
from langchain_awo.review.desk import Desk
from langchain_awo.review.examples import find_examples
from langchain_awo.review.server import ReviewSession, open_socket, review_app, server_for
from tests.reporting.conftest import Watched, browser  # noqa: F401  # a fixture
from tests.review.recordings import runs

OPTIONS = Options(writes="guarded", effects={"page_team": Effect.WRITE, "pay_back": Effect.WRITE})


@pytest.fixture(scope="session")
def traces():
    return list(import_messages(runs(60)))


@pytest.fixture(scope="session")
def plan(traces):
    return compile_plan(traces, options=OPTIONS)


@pytest.fixture(scope="session")
def examples(plan, traces):
    found = find_examples(traces, plan.meta_tools)
    return {routine_digest(each): found[each.name] for each in plan.meta_tools}


@pytest.fixture
def toolkit(plan, tmp_path):
    """The toolkit as a file."""
    write_plan(plan, tmp_path / "toolkit.json")
    return tmp_path / "toolkit.json"


@pytest.fixture
def decided(toolkit):
    """What the file says now of a meta-tool, by name; rejected ones too."""
    return lambda: {each.name: each for each in all_of(read_plan(toolkit))}


@pytest.fixture
def session(toolkit, examples, socket_enabled):
    """A review that is being served."""
    with open_socket() as listening:
        found = ReviewSession(listening.getsockname()[1])
        server = server_for(review_app(Desk(path=toolkit, examples=examples), found))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield found
        server.should_exit = True
        thread.join()


@pytest.fixture
def open_review(browser, session):  # noqa: F811  # the fixture that was imported
    """Opens the page; afterwards it must have said nothing, and fetched nothing from anywhere else."""
    opened = []

    def open_one(*, width=1280, dark=False):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        watched = Watched(context.new_page())
        opened.append((context, watched))
        watched.page.set_default_timeout(10_000)
        watched.page.goto(session.url)
        watched.page.wait_for_selector(".card, #message:not([hidden])")
        return watched.page

    yield open_one
    for context, watched in opened:
        context.close()
        assert [each for each in watched.said if "409" not in each and "422" not in each] == []
        assert watched.asked == []
        assert {url for url in watched.fetched if not url.startswith((session.url, "data:"))} == set()
