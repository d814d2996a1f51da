"""The options that a toolkit was compiled with, as far as its file says."""

from __future__ import annotations

from typing import Literal

from langchain_awo.errors import PlanError
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.pipeline import Options
from langchain_awo.optimizer.replay.cost import Prices


def restore_options(
    plan: ToolkitPlan, *, rules: RuleSet | None = None, known_effects: bool = True
) -> Options:
    """Budget, writes, effects, protected tools and prompt caching as in the plan, so that compiling again means the same.

    Args:
        rules: merging rules; a plan has them in words only.
        known_effects: whether the effects that the tools had then are those that they have; else only declared ones are.

    Raises:
        PlanError: its settings are not those of a compiled toolkit.
    """
    settings = plan.settings
    declared = {name: signature.effect for name, signature in plan.tools.items()} if known_effects else {}
    try:
        declared |= {name: Effect(effect) for name, effect in settings.get("effects", {}).items()}
        return Options(
            rules=rules,
            writes=_parse_writes(settings.get("writes", "none")),
            max_tools=int(settings.get("max_tools", Options().max_tools)),
            effects=declared,
            protected=frozenset(settings.get("protected", ())),
            prices=Prices(caching=is_caching(plan)),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise PlanError(f"the settings of the toolkit are not those of a compiled one: {error}") from error


def is_caching(plan: ToolkitPlan) -> bool:
    """Whether a plan was compiled for a provider that caches prompts."""
    prices = plan.settings.get("prices")
    return not isinstance(prices, dict) or prices.get("caching") is not False


def _parse_writes(found: object) -> Literal["none", "guarded"]:
    if found not in ("none", "guarded"):
        raise ValueError(f"writes is {found!r}")
    return found
