"""Tools that were seen to answer with a LangGraph `Command`: nothing but LangGraph can carry it out, so they are never steps.

Source: `langgraph.types.Command`, a dataclass of four fields that recorders write as they are.
"""

from __future__ import annotations

from typing import Final

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Corpus

REASON: Final = (
    "the tool returns a Command, which changes the state of the agent's graph, so only the agent can call it"
)

_FIELDS: Final = frozenset({"graph", "update", "resume", "goto"})


def find_commanding(corpus: Corpus) -> frozenset[str]:
    """The tools that answered with a `Command`, alone or in a list, at least once."""
    calls = (call for _, segment in corpus.segments() for current in segment.rounds for call in current.calls)
    return frozenset(call.tool for call in calls if _has_command(call.output))


def _has_command(output: JSONValue) -> bool:
    parts = output if isinstance(output, list) else [output]
    return any(isinstance(part, dict) and part.keys() == _FIELDS for part in parts)
