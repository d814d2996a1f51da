"""What a step is for in its routine: what is asked for, what only leads there, what writes."""

from __future__ import annotations

from typing import Final

from langchain_awo.model.ir.binding import Output, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.optimizer.selection.words import extract_object, split_name

MEANS: Final = frozenset(
    [
        "login",
        "logon",
        "signin",
        "authenticate",
        "authentication",
        "auth",
        "password",
        "passwords",
        "credential",
        "credentials",
        "session",
        "token",
    ]
)
"""What a tool is about that is asked only to be let in; nobody calls a routine for it."""

KEYS: Final = frozenset(
    ["email address", "email", "phone number", "zip code", "zipcode", "postal code", "coordinates"]
)
"""What a first step looks up only to ask for something else with it."""


def writes_of(meta_tool: MetaTool) -> list[Step]:
    """The steps that write."""
    return [step for step in meta_tool.steps if not step.effect.is_read]


def is_means(step: Step, meta_tool: MetaTool) -> bool:
    """Whether a step only lets its caller in, by a password or a login, or looks up what to ask with.

    What is looked up twice, to be put together, nobody asks for its own sake.
    """
    first, *others = meta_tool.steps
    is_joined = step.tool == first.tool and any(each.is_lookup and each.tool == first.tool for each in others)
    return lets_in(step) or is_joined or " ".join(extract_object(step.tool)) in KEYS


def goes_through(step: Step) -> bool:
    """Whether it is about every item of a list, call by call or all at once, and not only about the first, or the one its caller names."""
    if step.over is not None:
        return step.over.limit > 1 and not (step.over.filter and step.over.filter.named)
    leaves = (leaf for binding in step.args.values() for leaf in list_leaves(binding))
    return any(isinstance(leaf, Output) and "/*" in leaf.path for leaf in leaves)


def looks_again(step: Step, meta_tool: MetaTool) -> bool:
    """Whether a step makes a search of the routine once more because it found nothing."""
    source = step.guard.source if step.guard and step.guard.test == "empty" else None
    return (
        isinstance(source, Output) and not source.path and meta_tool.steps[source.step - 1].tool == step.tool
    )


def lets_in(step: Step) -> bool:
    """Whether a step fetches a password or logs in."""
    return not MEANS.isdisjoint(split_name(step.tool))


def find_subject(meta_tool: MetaTool) -> Step:
    """The first step that is asked for its own sake."""
    return next((step for step in meta_tool.steps if not is_means(step, meta_tool)), meta_tool.steps[0])
