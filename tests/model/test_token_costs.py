"""Where a plan saves model calls and costs tokens, its reader is told, with the figures of the dearest meta-tool."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.metatool import Evidence, MetaTool, Step, ToolkitPlan
from langchain_awo.model.views.token_costs import CURE, describe_token_costs


def plan(*evidence):
    tools = (
        MetaTool(name=f"r{n}", description="", steps=(Step(tool="t"),), evidence=each)
        for n, each in enumerate(evidence)
    )
    return ToolkitPlan(meta_tools=tuple(tools))


SAVING = Evidence(net_tokens=10.0, run_calls=1.0)
COSTLY = Evidence(net_tokens=-1200.0, net_tokens_cached=-90.0, run_calls=1.24)
CHEAPER = Evidence(net_tokens=-5.0, net_tokens_cached=3.0, run_calls=0.5)


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ([SAVING], ""),
        ([], ""),
        (
            [SAVING, CHEAPER],
            (
                "1 of 2 meta-tools saves model calls but costs tokens: in 100 runs, r1 saves 50 model calls and costs 500 tokens "
                f"(saves 300 with prompt caching). {CURE}"
            ),
        ),
        (
            [CHEAPER, COSTLY],
            (
                "2 of 2 meta-tools save model calls but cost tokens: in 100 runs, r1 saves 124 model calls and costs 120,000 tokens "
                f"(9,000 with prompt caching). {CURE}"
            ),
        ),
        (
            [Evidence(net_tokens=-5.0)],
            f"1 of 1 meta-tool saves model calls but costs tokens: in 100 runs, r0 costs 500 tokens. {CURE}",
        ),
    ],
)
def test_what_a_plan_costs_is_told(evidence, told):
    assert describe_token_costs(plan(*evidence)) == told
