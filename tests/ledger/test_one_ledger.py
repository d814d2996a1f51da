"""What every verb says a toolkit saves is what it saved when real agents ran with it, in every mode.

A few worlds are tried for every change; `python -m tests.ledger.worlds 100` tries a hundred and counts.
"""

from __future__ import annotations

from typing import Final

import pytest

from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.replay.installed import replay_installed
from tests.ledger.agents import AGENTS, compiled
from tests.ledger.trial import MODES, WorldTrial, losses

KINDS: Final = {
    0: ("one with a list", MODES),
    8: ("one with secrets and small words", (None, "append", "continue")),
    11: ("one with more calls than are made unasked", (None, "continue", "prefetch")),
    4: ("one in which two uses read the same in vain", ("append",)),
    19: ("one in which every call runs inside a meta-tool, whose tools no model is shown", ("replace",)),
    26: ("one with two meta-tools that would have one name", (None,)),
    29: ("one in which nobody recorded how many calls a list makes that is more than are made unasked", ("continue",)),
}  # fmt: skip
"""By seed, what a world has, and the modes in which that matters; `python -m tests.ledger.worlds` tries all."""


@pytest.fixture(scope="module", params=KINDS, ids=lambda seed: KINDS[seed][0])
def world(request, tmp_path_factory):
    return WorldTrial(request.param, tmp_path_factory.mktemp("world"))


def test_what_is_said_is_what_is_executed_and_inverting_it_gives_what_was_before(world):
    """Model calls to the call; tool calls, tokens and money within the interval that the verb states."""
    trials = {mode: trial for mode in KINDS[world.seed][1] if (trial := world.trial(mode)) is not None}
    assert trials
    checks = [(mode, each) for mode, trial in trials.items() for each in trial.checks()]
    assert [(mode, each) for mode, each in checks if not each.holds] == []


def test_every_verb_says_the_same_of_tasks_that_were_held_out(world):
    if None not in KINDS[world.seed][1]:
        pytest.skip("another world tries it")
    assert [each for each in world.verbs() if not each.holds] == []


def test_nothing_is_installed_that_loses_tokens_and_waiting_both(world):
    assert losses(world.plan, build_corpus(world.recorded)) == []
    assert all(each.mode in each.mode_reason for each in world.plan.meta_tools)


@pytest.mark.parametrize("name", AGENTS)
def test_the_default_plan_of_three_agents_loses_nothing_and_continues_where_appending_would_lose(
    name, tmp_path
):
    """Of each routine that can run unasked: if appending it costs tokens and going on by itself does not, it goes on."""
    plan, corpus = compiled(name, tmp_path, tasks=24)
    assert plan.meta_tools
    assert losses(plan, corpus) == []
    for each in filter(select_eager_part, plan.meta_tools):
        appended, continued = (
            replay_installed([each], corpus, mode=mode).balance for mode in ("append", "continue")
        )
        if appended.tokens < 0 < continued.tokens:
            assert each.mode == "continue"
