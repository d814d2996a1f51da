"""Splits a routine that goes one way or another by what its caller says: each way is a routine of its own.

A parameter by which steps are switched on is a flag. Nobody would write such a tool, and a model has to know which word means which way.

before::

    get_playlist(account, member)
      1  show_password(account=$account, member=$member)
      2  log_in_to_mail(password=#1/password)             skip unless #1.args/account == "mail"
      3  log_in_to_music(password=#1/password)            skip unless #1.args/account == "music"

after::

      1  show_password(account="mail", member=$member)    2  log_in_to_mail(password=#1/password)
      1  show_password(account="music", member=$member)   2  log_in_to_music(password=#1/password)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.binding import Argument, Constant, Parameter
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.ir.trimming import renumber_steps, with_steps
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.occurrences import collect_occurrences

SELDOM: Final = 0.2
"""Calls with other values are worth a routine if they are more than this share."""


def split_ways(candidate: MetaTool, corpus: Corpus) -> Iterator[MetaTool]:
    """The candidate, or what is left of it for each value of an argument that its reads are switched on by.

    Where agents often call its first tool with yet another value, also what follows there.
    """
    switch = next((name for name in candidate.steps[0].args if any(_list_values(candidate, name))), None)
    if switch is None or not all(step.effect.is_read for step in candidate.steps):
        yield candidate
        return
    values = {dumps(value): value for value in _list_values(candidate, switch)}
    ways = [_keep_way(candidate, switch, Constant(value=value)) for _, value in sorted(values.items())]
    given = [
        dumps(each.anchor.args.get(switch)) for each in collect_occurrences(corpus, candidate.steps[0].tool)
    ]
    if sum(text not in values for text in given) > SELDOM * len(given):
        ways.append(_keep_way(candidate, switch, None))
    for way in ways:
        if len(way.steps) > 1:
            yield from split_ways(way, corpus)


def _list_values(candidate: MetaTool, name: str) -> Iterator[JSONValue]:
    """The values of an argument that the caller gives, each of which switches a read on."""
    given = candidate.steps[0].args[name]
    if isinstance(given, Parameter) and not given.path:
        for step in candidate.steps[1:]:
            if _is_switched(step, name):
                yield step.guard.value  # type: ignore[union-attr]  # it is switched by its guard


def _is_switched(step: Step, name: str) -> bool:
    source = Argument(step=1, path=f"/{escape(name)}")
    guard = step.guard
    return guard is not None and guard.test == "equals" and guard.source == source and not guard.also


def _keep_way(candidate: MetaTool, name: str, fixed: Constant | None) -> MetaTool:
    """The steps that are made for a value, or for none, without their condition."""
    kept: dict[int, Step] = {}
    for number, step in enumerate(candidate.steps, start=1):
        if _is_switched(step, name):
            if step.guard is None or fixed is None or step.guard.value != fixed.value:
                continue
            step = replace(step, guard=None)  # noqa: PLW2901
        if step.depends_on <= kept.keys():
            kept[number] = step
    first, *later = renumber_steps(kept)
    args = {**first.args, name: fixed} if fixed else first.args
    return with_steps(candidate, (replace(first, args=args), *later))
