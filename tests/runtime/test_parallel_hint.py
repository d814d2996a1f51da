"""One sentence, on request: calls that do not depend on each other belong into one turn."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.runtime.agent.middleware import PARALLEL_HINT
from tests.runtime.desk import FIND, NOTE, ask, call, model_of, routine


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("prompt", ["You are kind.", None])
def test_the_hint_stands_below_the_prompt_of_the_host(
    desk: Any, toolkit: Any, prompt: str | None, how: str
) -> None:
    model = model_of(call("find_user", email="a@b"), "done")
    installed = MetaToolMiddleware(toolkit(routine("help_user", FIND, NOTE)), parallel_hint=True)
    agent = create_agent(model, desk.tools, system_prompt=prompt, middleware=[installed])
    agent.invoke(ask()) if how == "sync" else asyncio.run(agent.ainvoke(ask()))
    for each in model.calls:
        assert each.messages[0].text == "\n\n".join(filter(None, [prompt, PARALLEL_HINT]))


def test_nothing_is_said_unless_it_is_asked_for(desk: Any, toolkit: Any) -> None:
    model = model_of("done")
    installed = MetaToolMiddleware(toolkit(routine("help_user", FIND, NOTE)))
    create_agent(model, desk.tools, system_prompt="You are kind.", middleware=[installed]).invoke(ask())
    assert model.calls[0].messages[0].text == "You are kind."


def test_a_thread_that_is_held_out_does_without_it(desk: Any, toolkit: Any) -> None:
    model = model_of("done")
    installed = MetaToolMiddleware(
        toolkit(routine("help_user", FIND, NOTE)), parallel_hint=True, hold_out=1.0
    )
    create_agent(model, desk.tools, middleware=[installed]).invoke(ask())
    assert model.calls[0].messages[0].type == "human"


def test_it_goes_with_what_was_fetched_at_the_start(desk: Any, toolkit: Any) -> None:
    model = model_of("done")
    installed = MetaToolMiddleware(
        toolkit(routine("help_user", FIND, mode="entry")),
        parallel_hint=True,
        protected=[],
        entry=lambda _state, _runtime: {"email": "a@b"},
    )
    create_agent(model, desk.tools, middleware=[installed]).invoke(ask())
    text = model.calls[0].messages[0].text
    assert text.startswith(f"{PARALLEL_HINT}\n\nKnown from the start (help_user)")
