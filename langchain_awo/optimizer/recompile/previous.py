"""What a new toolkit takes over from a former one: routines that still hold, and the names of what means the same.

A routine is the same if its steps and bindings are, whatever the evidence and however its parameters are called.

before (mined anew)::

    get_order_with_items(order)      get_order(order_id=$order)     get_items(order_id=#1/order_id)

after (with a former `order_details(order_id)` of the same steps)::

    order_details(order_id)          get_order(order_id=$order_id)  get_items(order_id=#1/order_id)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from langchain_awo.model.ir.metatool import BindingEvidence, MetaTool, Refused
from langchain_awo.model.ir.sameness import fingerprint_routine, rename_parameters, uses_of
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS, Thresholds
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.verify import build_refusal, verify
from langchain_awo.optimizer.selection.naming import derive_base_name, name_all

RETIRED: Final = "retired"
"""Code of the refusal of a former meta-tool that does not hold."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """Former meta-tools on new traces.

    Attributes:
        holding: those that hold, less the steps that do not; they continue and are installed as before.
        candidates: all routines to choose from, each once.
        refused: why the others do not hold.
    """

    holding: tuple[MetaTool, ...]
    candidates: tuple[MetaTool, ...]
    refused: tuple[Refused, ...]


def reconsider(
    former: Sequence[MetaTool],
    candidates: Sequence[MetaTool],
    corpus: Corpus,
    thresholds: Thresholds,
    *,
    avoid: Container[str] = (),
    may_write: bool = True,
) -> Reconsidered:
    """Holds former meta-tools against new traces; of one that was mined again the new evidence counts.

    Args:
        avoid: tools that no meta-tool may call.
        may_write: whether meta-tools may write; if not, one that calls a tool that is no read any more does not hold.
    """
    mined = {fingerprint_routine(each, limits=False): each for each in reversed(candidates)}
    holding: dict[str, MetaTool] = {}
    refused: list[Refused] = []
    for each in former:
        again = mined.get(fingerprint_routine(each, limits=False))
        found = again and _restore_parameters(again, each)
        if off_limits := _refuse_off_limits(each, corpus, avoid, may_write=may_write):
            found = None
            refused.append(off_limits)
        elif found is None:
            found, doubts = _retry_former(each, corpus, thresholds)
            refused += doubts
        if found is not None:
            holding.setdefault(fingerprint_routine(found), _restore_installation(found, each))
    others = [each for each in candidates if fingerprint_routine(each) not in holding]
    return Reconsidered(tuple(holding.values()), (*holding.values(), *others), tuple(refused))


def restore_names(
    meta_tools: Sequence[MetaTool],
    former: Sequence[MetaTool],
    corpus: Corpus,
    *,
    as_saved: Callable[[MetaTool], MetaTool] = lambda meta_tool: meta_tool,
    taken: AbstractSet[str] = frozenset(),
) -> list[MetaTool]:
    """The meta-tools named, those that mean what a former one did as that one, and no other by a former name.

    Args:
        as_saved: what becomes of a meta-tool in a toolkit, to compare with former ones.
        taken: names that no meta-tool gets anew.
    """
    pairs = _pair_former([as_saved(each) for each in meta_tools], former)
    known = [_with_parameters_of(each, pairs.get(i)) for i, each in enumerate(meta_tools)]
    named = name_all(known, corpus)
    used = {*corpus.specs, *taken, *(each.name for each in former)}
    for i, each in enumerate(named):
        old = pairs.get(i)
        if old is not None and old.name not in corpus.specs:
            same = fingerprint_routine(old) == fingerprint_routine(as_saved(each))
            named[i] = replace(each, name=old.name, description=old.description if same else each.description)
        else:
            name = next(name for name in _generate_names(each.name) if name not in used)
            used.add(name)
            named[i] = replace(each, name=name)
    return named


def _pair_former(meta_tools: Sequence[MetaTool], former: Sequence[MetaTool]) -> dict[int, MetaTool]:
    """The former meta-tool that each stands for, by position: it does the same, else what it does has the same name."""
    left = {fingerprint_routine(each): each for each in reversed(former)}
    pairs: dict[int, MetaTool] = {}
    for position, each in enumerate(meta_tools):
        if (same := left.pop(fingerprint_routine(each), None)) is not None:
            pairs[position] = same
    for position, each in enumerate(meta_tools):
        near = [key for key, other in left.items() if position not in pairs and _is_near(each, other)]
        if near:
            pairs[position] = left.pop(max(near, key=lambda key: (_count_shared(each, left[key]), key)))
    return pairs


def _with_parameters_of(meta_tool: MetaTool, former: MetaTool | None) -> MetaTool:
    """The meta-tool with the former names of the parameters that are for the same arguments."""
    if former is None:
        return meta_tool
    known = {use: name for name, uses in uses_of(former).items() for use in uses}
    own = uses_of(meta_tool)
    names: dict[str, str] = {}
    for name, uses in own.items():
        better = next((known[use] for use in uses if use in known), name)
        if better not in names.values() and (better == name or better not in own):
            names[name] = better
    return rename_parameters(meta_tool, names)


def _restore_parameters(meta_tool: MetaTool, former: MetaTool) -> MetaTool:
    """The same routine with the former names of parameters, and lists followed as far as before."""
    named = rename_parameters(meta_tool, dict(zip(uses_of(meta_tool), uses_of(former), strict=True)))
    pairs = zip(named.steps, former.steps, strict=True)
    return replace(
        named,
        steps=tuple(
            replace(step, over=old.over and step.over and replace(step.over, limit=old.over.limit))
            for step, old in pairs
        ),
    )


def _restore_installation(found: MetaTool, former: MetaTool) -> MetaTool:
    """With what was decided about it: how it is installed, and which of its steps are run unasked."""
    if len(found.steps) != len(former.steps):
        return found
    steps = (replace(step, eager=old.eager) for step, old in zip(found.steps, former.steps, strict=True))
    return replace(found, steps=tuple(steps), mode=former.mode, mode_reason=former.mode_reason)


def _refuse_off_limits(
    former: MetaTool, corpus: Corpus, avoid: Container[str], *, may_write: bool
) -> Refused | None:
    for tool in former.tools:
        effect = corpus.effects.get(tool)
        if tool in avoid:
            return build_refusal(former, RETIRED, f"{tool} is now protected or ignored by a rule", 0)
        if effect is Effect.DESTRUCTIVE:
            return build_refusal(
                former, RETIRED, f"{tool} is destructive now; declare another effect to allow it", 0
            )
        if effect is Effect.UNKNOWN:
            return build_refusal(former, RETIRED, f"the effect of {tool} is undeclared now; declare it", 0)
        if effect and not effect.is_read and not may_write:
            return build_refusal(
                former, RETIRED, f'{tool} writes now, and only reads are compiled; allow writes="guarded"', 0
            )
    return None


def _retry_former(
    former: MetaTool, corpus: Corpus, thresholds: Thresholds
) -> tuple[MetaTool | None, list[Refused]]:
    anchor = former.steps[0].tool
    tasks = len({each.task for each in collect_occurrences(corpus, anchor)})
    if tasks < MIN_TASKS:
        reason = f"{anchor} was called in {tasks} {'task' if tasks == 1 else 'tasks'} of these traces, too few to tell"
        return None, [build_refusal(former, RETIRED, reason, tasks)]
    steps = tuple(
        replace(
            step,
            effect=corpus.effects.get(step.tool, step.effect),
            hide={},
            evidence={place: BindingEvidence() for place in step.evidence},
        )
        for step in former.steps
    )
    found, doubts = verify(replace(former, steps=steps), corpus, thresholds)
    if found is None:
        reason = _explain_doubt(doubts[0]) if doubts else "only its first call is left"
        doubts = [*doubts, build_refusal(former, RETIRED, reason, tasks)]
    return found, doubts


def _explain_doubt(doubt: Refused) -> str:
    if doubt.occurrences or doubt.code != "unverified":
        return doubt.reason
    anchor, tool = doubt.routine
    return f"agents no longer go on with {tool.rstrip('*')} after {anchor}"


def _is_near(meta_tool: MetaTool, former: MetaTool) -> bool:
    return meta_tool.steps[0].tool == former.steps[0].tool and derive_base_name(
        meta_tool
    ) == derive_base_name(former)


def _count_shared(one: MetaTool, other: MetaTool) -> int:
    return len({step.tool for step in one.steps} & {step.tool for step in other.steps})


def _generate_names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))
