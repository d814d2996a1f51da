"""What other words for a meta-tool change about what it saves: they stand in every prompt in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.tokens import CHARACTERS_PER_TOKEN


def weigh_words(worded: MetaTool, before: MetaTool, corpus: Mapping[str, JSONValue]) -> MetaTool:
    """A meta-tool with other words, and with what it saves less what these take more of every prompt.

    Args:
        worded: with the new name and description.
        before: with those that its evidence is about.
        corpus: what the plan says of the traces that it was compiled from.
    """
    traces, calls = corpus.get("traces"), corpus.get("model_calls")
    if worded.mode not in ("append", "replace") or not (isinstance(traces, int) and isinstance(calls, int)):
        return worded
    seen = before.evidence
    prompts = max(0.0, calls / max(1, traces) - (seen.run_calls or 0.0))
    longer = (_count_characters(worded) - _count_characters(before)) / CHARACTERS_PER_TOKEN
    net_tokens = round(seen.net_tokens - longer * prompts, 1)
    evidence = replace(
        seen, net_tokens=net_tokens, net_tokens_cached=None if longer else seen.net_tokens_cached
    )
    return replace(worded, evidence=evidence)


def _count_characters(meta_tool: MetaTool) -> int:
    return len(dumps([meta_tool.name, meta_tool.description]))
