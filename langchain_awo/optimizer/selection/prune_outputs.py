"""Decides what the model is not shown of a step's output: what recorded agents had before them and never used.

Used means said later: in the arguments of a later call or in the agent's own words. Being shown too much costs tokens and
being shown too little costs a call or a wrong answer, so a place is hidden only if that is well supported:

- its values are those of records, not a few words that agents decide by without saying them;
- it neither says how the call went, nor which record it is of, nor is it what choices are made by: prices, options, dates;
- the agents' own words after the outputs were recorded: without them nobody knows what they read;
- enough outputs of enough tasks had something there, and hardly any of them was used;
- hiding all such places makes the output shorter by something worth a note.

Before and after::

    1  find_user(email=$email)                            # reads
    1  find_user(email=$email)                            # reads, hides /address/city and 2 more places
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from scipy.special import betaincinv

from langchain_awo.model.ir.metatool import MetaTool, UseEvidence
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.ir.projection import tells_outcome
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.selection.output_liveness import PlaceUse, uses_of

_IDENTITY: Final = re.compile(
    r"(?:^|_)(?:id|ids|uuid|key|name|names|title|subject|number|no|ref|sku|url)$", re.IGNORECASE
)


_CHOICE: Final = re.compile(
    r"(?:^|_)(?:prices?|cost|costs|fees?|amount|total|subtotal|balance|currency|rate|rating|score|rank|priority|stock"
    r"|quantity|qty|capacity|seats|available|availability|options?|variants?|size|colou?r|discount|date|deadline|due"
    r"|expires|expiry|duration|distance|limit|eligible|allowed|refundable)(?:_|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """When a place may be hidden.

    Attributes:
        used: upper confidence bound of the share of outputs in which it was used, at most.
        confidence: of that bound.
        outputs: at least so many outputs had something there by which use can be told.
        tasks: of at least so many tasks.
        values: at least so many distinct values; agents decide by fewer without saying them.
        characters: on average so much must become shorter in an output, in characters of JSON.
    """

    used: float = 0.1
    confidence: float = 0.95
    outputs: int = 40
    tasks: int = 10
    values: int = 12
    characters: int = 60


def prune_outputs(
    meta_tools: Sequence[MetaTool], corpus: Corpus, *, showing: Showing | None = None
) -> list[MetaTool]:
    """The same meta-tools, each step with the places of its output that are not shown."""
    chosen = showing or Showing()
    tools = sorted({step.tool for meta_tool in meta_tools for step in meta_tool.steps})
    hidden = {tool: _choose_hidden(tool, corpus, chosen) for tool in tools}
    return [
        replace(meta_tool, steps=tuple(replace(step, hide=hidden[step.tool]) for step in meta_tool.steps))
        for meta_tool in meta_tools
    ]


def _choose_hidden(tool: str, corpus: Corpus, showing: Showing) -> dict[str, UseEvidence]:
    uses, outputs = uses_of(corpus, tool)
    places = {place: use for place, use in sorted(uses.items()) if place and _is_unused(place, use, showing)}
    if len(places) == len(
        uses
    ):  # an output of which nothing was used says in its own way that the call is made
        return {}
    if sum(use.characters for use in places.values()) < showing.characters * outputs:
        return {}
    return {
        place: UseEvidence(outputs=use.outputs, tasks=len(use.tasks), used=use.used)
        for place, use in places.items()
    }


def _is_unused(place: str, use: PlaceUse, showing: Showing) -> bool:
    if tells_outcome(place) or _identifies(place) or _decides(place) or len(use.values) < showing.values:
        return False
    if use.outputs < showing.outputs or len(use.tasks) < showing.tasks:
        return False
    return upper_bound(use.used, use.outputs, showing.confidence) <= showing.used


def _identifies(place: str) -> bool:
    names = [unescape(segment) for segment in split(place) if segment != "*"]
    return bool(names) and bool(_IDENTITY.search(names[-1]))


def _decides(place: str) -> bool:
    """Whether an agent may have chosen by a place without saying so; any name on the way to it may tell."""
    names = (re.sub(r"(?<=[a-z])(?=[A-Z])", "_", unescape(segment)).lower() for segment in split(place))
    return any(_CHOICE.search(name) for name in names)


def upper_bound(count: int, total: int, confidence: float) -> float:
    """Upper Beta (Clopper-Pearson) confidence bound of a share."""
    return float(betaincinv(count + 1, total - count, confidence)) if count < total else 1.0
