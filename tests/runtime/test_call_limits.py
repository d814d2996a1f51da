"""A limit on the calls of one tool holds: LangChain counts them in the model's messages, where those of a meta-tool are not."""

import json
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ToolCallLimitMiddleware

from langchain_awo.api.middleware import MetaToolMiddleware
from tests.runtime.desk import FIND, NOTE, ORDERS, REFUND, ask, call, model_of, routine, tool_messages

HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)


def _agent(desk: Any, model: Any, *middleware: Any) -> Any:
    return create_agent(model, desk.tools, middleware=middleware)


def test_a_limit_on_a_tool_name_does_not_break_the_meta_tool(desk: Any, toolkit: Any) -> None:
    limit = ToolCallLimitMiddleware(tool_name="help_user", run_limit=1)
    model = model_of(call("help_user", email="a@b"), "done")
    state = _agent(desk, model, MetaToolMiddleware(toolkit(HELP)), limit).invoke(ask())
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"


@pytest.mark.parametrize("first", [True, False])
def test_a_limit_on_the_calls_of_a_tool_holds(desk: Any, toolkit: Any, first: bool) -> None:  # noqa: FBT001  # a parameter of the test
    for allow, made in (((), 0), (("help_user",), 2)):
        installed = MetaToolMiddleware(toolkit(HELP), allow=allow)
        limit = ToolCallLimitMiddleware(tool_name="get_order", run_limit=1)
        model = model_of(call("help_user", email="a@b"), "done")
        both = [limit, installed] if first else [installed, limit]
        state = _agent(desk, model, *both).invoke(ask())
        assert ("limits the calls of 'get_order'" in tool_messages(state)[0].content) == (not made)
        assert len(desk.calls("get_order")) == made


@pytest.mark.parametrize("mode", ["continue", "prefetch"])
def test_nothing_is_called_unasked_of_which_only_so_many_calls_are_allowed(
    desk: Any, toolkit: Any, mode: Any
) -> None:
    limit = ToolCallLimitMiddleware(tool_name="get_order", thread_limit=9)
    eager = replace(HELP, steps=(FIND, replace(ORDERS, eager=True)))
    model = model_of(call("find_user", email="a@b"), "done")
    _agent(desk, model, MetaToolMiddleware(toolkit(eager), mode=mode), limit).invoke(ask())
    assert desk.calls() == [("find_user", "a@b")]
