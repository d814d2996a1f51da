"""Work is counted as it was done."""

import sys

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from langchain_awo.demo.agent.agent import SYSTEM_PROMPT, build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import generate_tasks
from langchain_awo.errors import MissingExtraError
from langchain_awo.testing import ScriptedChatModel, ask_tools


class Watch(BaseCallbackHandler):
    def __init__(self):
        self.roots = []

    def on_chain_start(self, serialized, inputs, *, parent_run_id, metadata, **kwargs):
        if parent_run_id is None:
            self.roots.append((metadata["task_id"], metadata["thread_id"]))


@pytest.fixture
def agent(tools):
    return build_agent(scripted_model(), list(tools.values()))


def test_every_task_runs_in_a_thread_of_its_own_and_is_marked_with_its_id(agent, first_morning):
    tasks = generate_tasks(first_morning, 5)
    watch = Watch()
    run_tasks(agent, tasks, callbacks=[watch])
    run_tasks(agent, tasks, callbacks=[watch])
    assert [task_id for task_id, _ in watch.roots] == [task.task_id for task in tasks] * 2
    assert len({thread_id for _, thread_id in watch.roots}) == 10


def test_progress_is_told_after_each_task(agent, first_morning):
    tasks = generate_tasks(first_morning, 3)
    told = []
    run_tasks(agent, tasks, progress=told.append)
    assert told == tasks


def test_calls_and_tokens_are_counted(tools, first_morning):
    model = ScriptedChatModel(
        script=[
            ask_tools(("get_product", {"sku": "P-100"}), ("get_product", {"sku": "P-101"})),
            "Both are there.",
        ]
    )
    tasks = generate_tasks(first_morning, 1)
    (work,) = run_tasks(build_agent(model, list(tools.values())), tasks)
    assert (work.model_calls, work.tool_calls) == (2, ("get_product", "get_product"))
    assert work.answer == "Both are there."
    assert work.tokens > 2 * len(SYSTEM_PROMPT) / 4
    assert work.seconds > 0
    assert model.calls[0].tools == tuple(tools)


def test_without_langchain_the_extra_is_named(monkeypatch, tools):
    monkeypatch.setitem(sys.modules, "langchain.agents", None)
    with pytest.raises(MissingExtraError, match=r"langchain-awo\[langchain\]"):
        build_agent(scripted_model(), list(tools.values()))
