"""What every verb says a toolkit saves is what it saved when real agents ran with it, in every mode.

Three worlds are tried for every change; `python -m tests.ledger.worlds 100` tries a hundred and counts.
"""

from __future__ import annotations

import pytest

from tests.ledger.trial import MODES, WorldTrial


@pytest.fixture(scope="module", params=[0, 8, 11])
def world(request, tmp_path_factory):
    """One with a list; one with secrets and small words; one with more calls than are made unasked."""
    return WorldTrial(request.param, tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("mode", MODES)
def test_what_is_said_is_what_is_executed_and_inverting_it_gives_what_was_before(world, mode):
    """Model calls to the call; tool calls, tokens and money within the interval that the verb states."""
    trial = world.trial(mode)
    if trial is None:
        pytest.skip("no run begins with it")
    assert [each for each in trial.checks() if not each.holds] == []


def test_every_verb_says_the_same_of_tasks_that_were_held_out(world):
    assert [each for each in world.verbs() if not each.holds] == []


def test_nothing_is_installed_that_loses_tokens_and_waiting_both(world):
    assert world.losses() == []
    assert all(each.mode in each.mode_reason for each in world.plan.meta_tools)
