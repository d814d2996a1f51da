"""Where a provider caches no prompts, only what saves tokens at full price is installed, and the plan says so."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.optimizer.replay.cost import Prices
from langchain_awo.optimizer.settings import restore_options
from tests.optimizer.notation import traces_of
from tests.optimizer.test_mining import runs

USER = '"a{n}" find_user(a{n}) -> {"bags": ["x{n}", "y{n}", "z{n}"]}'
BAGS = [f'get_bag({each}{{n}}) -> "{"what is in a bag " * 60}"' for each in "xyz"]
LATER = [f"search_faq(q{number})" for number in range(9)]


def compiled(*, caching, wanted, others):
    """Agents look into all bags of a user, or into none, and have much to do afterwards."""
    all_bags, none = " | ".join([USER, *BAGS, *LATER]), " | ".join([USER, *LATER])
    traces = traces_of(f"{runs(wanted, all_bags)}\n{runs(others, none, first=60)}")
    return compile_plan(traces, options=Options(prices=Prices(caching=caching)))


def test_what_is_read_in_vain_in_every_later_prompt_is_not_worth_it_without_a_cache():
    cached = compiled(caching=True, wanted=14, others=22)
    (found,) = cached.meta_tools
    assert (found.mode, found.evidence.net_tokens < 0) == ("continue", True)
    plain = compiled(caching=False, wanted=14, others=22)
    assert not any(each.mode == "continue" for each in plain.meta_tools)
    (refused,) = (each for each in plain.refused if each.routine == ("find_user", "get_bag*"))
    assert "needed to pay" in refused.reason


def test_what_saves_tokens_all_the_same_is_installed_without_a_cache():
    (found,) = compiled(caching=False, wanted=30, others=0).meta_tools
    assert (found.mode, found.evidence.net_tokens > 0) == ("continue", True)


@pytest.mark.parametrize("caching", [True, False])
def test_compiling_again_goes_by_the_same_prices(caching):
    plan = compiled(caching=caching, wanted=3, others=0)
    assert restore_options(plan).prices.caching is caching
    assert restore_options(ToolkitPlan()).prices.caching is True
