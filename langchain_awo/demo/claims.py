"""What a description says that a tool does, read as a careful model would read it.

A tool that does several things at once says so in one line, `Runs: find_customer, then list_orders, then get_order for each.`
Further lines may say when a step is run and with what:

    get_shipment is only run if with_get_shipment is true.
    list_orders is only run if status is given.
    search_tickets is called with status "closed".

What is said of a tool that runs more than once, without saying which time, is not relied upon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Literal

from langchain_awo.demo.recipes import KNOWN_TOOLS

_RUNS: Final = re.compile(r"\bRuns:(.*)")
_KNOWN: Final = re.compile(r"\b(" + "|".join(sorted(KNOWN_TOOLS, key=len, reverse=True)) + r")\b")
_FOR_EACH: Final = re.compile(r"\bfor (?:each|every)\b")
_FOR_EACH_OF: Final = re.compile(r"\b(\w+) for each of (\w+)")
_ONLY_IF: Final = re.compile(r"^(\w+) is only run if (\w+) is (true|given)\.$", re.MULTILINE)
_CALLED_WITH: Final = re.compile(r"^(\w+) is called with (.+)\.$", re.MULTILINE)
_NAME: Final = re.compile(r",?\s*(\w+) ")


@dataclass(frozen=True, slots=True)
class Claim:
    """One step a description says the tool runs.

    Attributes:
        each: `found` if it is run for each item found before, `given` if for each element of a parameter.
        text: what the description says of this step.
        asked_by: the parameter that has to be given, or to be true, for the step to be run.
        is_flag: whether that parameter only says yes or no.
        constants: arguments the step always has.
        is_clear: whether it is clear when it is run and with what.
    """

    tool: str
    text: str
    each: Literal["", "found", "given"] = ""
    asked_by: str = ""
    is_flag: bool = False
    constants: Mapping[str, Any] = field(default_factory=dict)
    is_clear: bool = True


def claims_of(description: str) -> list[Claim]:
    """The steps a description says the tool runs, in order; none if it does not say.

    >>> [(claim.tool, claim.each) for claim in claims_of("Runs: list_orders, then get_order for each.")]
    [('list_orders', ''), ('get_order', 'found')]
    """
    line = _RUNS.search(description)
    if not line:
        return []
    names = list(_KNOWN.finditer(line[1]))
    bounds = [*(name.start() for name in names), len(line[1])]
    texts = [line[1][start:end] for start, end in pairwise(bounds)]
    claims = [
        Claim(name[1], text, each="found" if _FOR_EACH.search(text) else "")
        for name, text in zip(names, texts, strict=True)
    ]
    for refine in (_with_lists, _with_conditions, _with_constants):
        claims = refine(claims, description)
    return claims


def _with_lists(claims: Sequence[Claim], description: str) -> list[Claim]:
    given = {tool for tool, parameter in _FOR_EACH_OF.findall(description) if parameter != "the"}
    return [replace(claim, each="given") if claim.each and claim.tool in given else claim for claim in claims]


def _with_conditions(claims: Sequence[Claim], description: str) -> list[Claim]:
    said = {tool: (parameter, test == "true") for tool, parameter, test in _ONLY_IF.findall(description)}
    return [
        _about(claims, claim, asked_by=said[claim.tool][0], is_flag=said[claim.tool][1])
        if claim.tool in said
        else claim
        for claim in claims
    ]


def _with_constants(claims: Sequence[Claim], description: str) -> list[Claim]:
    said = {tool: _values(text) for tool, text in _CALLED_WITH.findall(description)}
    return [
        _about(claims, claim, constants=said[claim.tool]) if claim.tool in said else claim for claim in claims
    ]


def _about(claims: Sequence[Claim], claim: Claim, **said: Any) -> Claim:
    """The claim with what is said of its tool, which is not clear if the tool runs more than once."""
    return replace(claim, **said, is_clear=sum(other.tool == claim.tool for other in claims) == 1)


def _values(text: str) -> dict[str, Any]:
    """Names and JSON values, such as `status "closed", limit 5`; what follows something unreadable is left out."""
    values: dict[str, Any] = {}
    while found := _NAME.match(text):
        try:
            value, end = json.JSONDecoder().raw_decode(text, found.end())
        except ValueError:
            break
        values[found[1]] = value
        text = text[end:]
    return values
