"""Lets somebody else, such as a chat model, word the names and descriptions of meta-tools; nothing depends on it.

What comes back is checked, and anything that does not pass leaves the deterministic wording in place.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from langchain_awo.model.ir.description import describe_steps
from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.ir.rewording import weigh_words
from langchain_awo.model.secrets.failures import describe_error

logger = logging.getLogger(__name__)

Namer: TypeAlias = Callable[[MetaTool], tuple[str, str]]
"""Gives a name and a description for a meta-tool that already has both."""

MAX_DESCRIPTION: Final = 1_200
"""Characters; every one is in every prompt."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{2,62}")


def polish_names(plan: ToolkitPlan, namer: Namer) -> ToolkitPlan:
    """The same plan with the names and descriptions that a namer gives.

    A name must be one that providers accept and that no tool and no other meta-tool has. A description must say something
    in at most `MAX_DESCRIPTION` characters; the line that names the steps and those that say when they run are kept.
    """
    taken = {*plan.tools, *(meta_tool.name for meta_tool in plan.meta_tools)}
    worded = []
    for meta_tool in plan.meta_tools:
        better = weigh_words(_reword(meta_tool, namer, taken - {meta_tool.name}), meta_tool, plan.corpus)
        taken.add(better.name)
        worded.append(better)
    return replace(plan, meta_tools=tuple(worded))


def _reword(meta_tool: MetaTool, namer: Namer, taken: set[str]) -> MetaTool:
    try:
        name, description = namer(meta_tool)
    except Exception as error:  # noqa: BLE001  # whatever a model or its client does, the toolkit is fine without it
        logger.warning("%s keeps its wording: %s", meta_tool.name, describe_error(error))
        return meta_tool
    if problem := _find_problem(name, description, taken):
        logger.warning("%s keeps its wording: %s", meta_tool.name, problem)
        return meta_tool
    return replace(meta_tool, name=name, description=_with_facts(description.strip(), meta_tool))


def _find_problem(name: object, description: object, taken: set[str]) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"{name!r} is not a valid tool name: use 3 to 63 letters, digits, _ or -"
    if name in taken:
        return f"the name {name} is taken"
    if not isinstance(description, str) or not description.strip():
        return "the description is empty"
    if len(description) > MAX_DESCRIPTION:
        return f"the description has {len(description):,} characters, more than {MAX_DESCRIPTION:,}"
    return "" if description.replace("\n", " ").isprintable() else "the description has control characters"


def _with_facts(description: str, meta_tool: MetaTool) -> str:
    """The description, then the lines that say what is run and when, which no wording may lose."""
    facts = [describe_steps(meta_tool)]
    facts += [line for line in meta_tool.description.splitlines() if " is only run if " in line]
    return "\n".join([description, *(line for line in facts if line not in description)])
