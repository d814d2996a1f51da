"""What a rule that normalises values leaves of the arguments of a call, at any depth."""

from __future__ import annotations

import pytest

from langchain_awo.model.rules import Normalize
from langchain_awo.optimizer.rules.normalize import normalize_arguments

N = {"pattern": "[0-9]+", "replacement": "n"}


@pytest.mark.parametrize(
    ("rule", "args", "expected"),
    [
        (Normalize(**N), {"a": "x1", "b": 1}, {"a": "xn", "b": 1}),
        (Normalize(**N), {"a": ["x1", ["x2"], {"k": "x3"}]}, {"a": ["xn", ["xn"], {"k": "xn"}]}),
        (Normalize(key="k", **N), {"k": "x1", "a": "x1"}, {"k": "xn", "a": "x1"}),
        (Normalize(key="k", **N), {"a": [{"k": "x1", "b": "x1"}]}, {"a": [{"k": "xn", "b": "x1"}]}),
        (Normalize(key="k", **N), {"k": ["x1"]}, {"k": ["x1"]}),
        (Normalize(key="k", replacement="all"), {"k": ["x1"], "a": {"k": 1}}, {"k": "all", "a": {"k": "all"}}),
        (Normalize(type="number", replacement="n"), {"a": [1, "1", True, None, 2.5]}, {"a": ["n", "1", True, None, "n"]}),
        (Normalize(type="array", replacement="l"), {"a": [1], "b": {"c": []}}, {"a": "l", "b": {"c": "l"}}),
        (Normalize(type="object", replacement="o"), {"a": {"b": 1}}, {"a": "o"}),
        (Normalize(type="null", replacement="none"), {"a": None, "b": 0}, {"a": "none", "b": 0}),
        (Normalize(type="boolean", replacement="b"), {"a": True, "b": 1}, {"a": "b", "b": 1}),
        (Normalize(type="number", **N), {"a": "x1", "b": 7}, {"a": "x1", "b": 7}),
        (Normalize(pattern="[0-9]+"), {"a": "12", "b": "x12"}, {"a": "*", "b": "x*"}),
        (Normalize(tool="put", **N), {"a": "x1"}, {"a": "x1"}),
        (Normalize(tool="get", **N), {"a": "x1"}, {"a": "xn"}),
    ],
)  # fmt: skip
def test_a_rule_replaces_what_it_is_about_and_nothing_else(rule, args, expected):
    assert normalize_arguments(rule, "get", args) == expected
