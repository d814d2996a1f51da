"""What the configuration of a run says about it; whoever only reads recordings needs no LangChain for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from langchain_awo.capture.state import Label
from langchain_awo.model.ir.installation import METADATA
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.trace.hints import HINT_NAMES

_INTERNAL_PREFIXES: Final = ("langgraph_", "ls_", "lc_", "awo_", "__", "checkpoint_")
_LABEL_KEYS: Final = frozenset({"thread_id", "task_id", "trial", "domain", "checkpoint_ns", "mcp", METADATA})
_INTERNAL_TAGS: Final = ("seq:step:", "graph:step:", "langsmith:", "retry:attempt:", "map:key:")


def label_of(metadata: Mapping[str, Any], tags: Iterable[str]) -> Label:
    """What the configuration of a root run says about it."""
    task_id, thread_id, trial = (metadata.get(key) for key in ("task_id", "thread_id", "trial"))
    own = {key: value for key, value in metadata.items() if not _is_internal(key)}
    return Label(
        task_id=None if task_id is None else str(task_id),
        thread_id=None if thread_id is None else str(thread_id),
        trial=trial if isinstance(trial, int) else None,
        domain=str(metadata.get("domain") or ""),
        tags=tuple(tag for tag in tags if not tag.startswith(_INTERNAL_TAGS)),
        metadata=to_json(own),
    )


def _is_internal(key: str) -> bool:
    return key in _LABEL_KEYS or key in HINT_NAMES or key.startswith(_INTERNAL_PREFIXES)


def find_agent_scope(metadata: Mapping[str, Any]) -> str:
    """Where in a tree of agents a run belongs: the graph it runs in, and the agent's name if it has one."""
    namespace, name = metadata.get("langgraph_checkpoint_ns"), metadata.get("lc_agent_name")
    return _derive_scope(str(namespace or ""), str(name or ""))


@lru_cache(maxsize=1024)
def _derive_scope(namespace: str, name: str) -> str:
    graph = namespace.rpartition("|")[0]
    return f"{graph}#{name}" if graph and name else graph or name
