"""What a new toolkit takes over from a former one: routines that still hold, and the names of what means the same.

A routine is the same if its steps and bindings are, whatever the evidence and however its parameters are called.

before (mined anew)::

    get_order_with_items(order)      get_order(order_id=$order)     get_items(order_id=#1/order_id)

after (with a former `order_details(order_id)` of the same steps)::

    order_details(order_id)          get_order(order_id=$order_id)  get_items(order_id=#1/order_id)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from langchain_awo.model.binding import Parameter, leaves
from langchain_awo.model.encoding import dumps
from langchain_awo.model.metatool import BindingEvidence, MetaTool, Refused, Step
from langchain_awo.model.schema import adapter
from langchain_awo.optimizer.corpus import Corpus
from langchain_awo.optimizer.naming import base_name
from langchain_awo.optimizer.parameters import renamed
from langchain_awo.optimizer.trial import MIN_TASKS, Thresholds
from langchain_awo.optimizer.verify import refusal, verify


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
    former: Sequence[MetaTool], candidates: Sequence[MetaTool], corpus: Corpus, thresholds: Thresholds
) -> Reconsidered:
    """Holds former meta-tools against new traces; of one that was mined again the new evidence counts."""
    mined = {doing(each): each for each in reversed(candidates)}
    holding: dict[str, MetaTool] = {}
    refused: list[Refused] = []
    for each in former:
        again = mined.get(doing(each))
        if again is not None:
            found, doubts = _named_as(again, each), list[Refused]()
        else:
            found, doubts = _tried_again(each, corpus, thresholds)
        refused += doubts
        if found is not None:
            holding.setdefault(doing(found), _installed_as(found, each))
    others = [each for each in candidates if doing(each) not in holding]
    return Reconsidered(tuple(holding.values()), (*holding.values(), *others), tuple(refused))


def pairs_with(former: Sequence[MetaTool], meta_tools: Sequence[MetaTool]) -> dict[int, MetaTool]:
    """The former meta-tool that each one stands for, by position: it does the same, else what it does has the same name."""
    left = {doing(each): each for each in reversed(former)}
    pairs = {i: left.pop(doing(each)) for i, each in enumerate(meta_tools) if doing(each) in left}
    for i, each in enumerate(meta_tools):
        near = [other for other in left.values() if i not in pairs and _is_near(each, other)]
        if near:
            pairs[i] = max(near, key=lambda other: (_shared(each, other), other.name))
            left = {key: other for key, other in left.items() if other is not pairs[i]}
    return pairs


def with_former_parameters(meta_tool: MetaTool, former: MetaTool | None) -> MetaTool:
    """The meta-tool with the former names of the parameters that are for the same arguments."""
    if former is None:
        return meta_tool
    known = {use: name for name, uses in _uses(former).items() for use in uses}
    names: dict[str, str] = {}
    own = [spec.name for spec in meta_tool.parameters]
    for name, uses in _uses(meta_tool).items():
        better = next((known[use] for use in uses if use in known), name)
        if better not in names.values() and (better == name or better not in own):
            names[name] = better
    return renamed(meta_tool, names)


def with_former_names(
    meta_tools: Sequence[MetaTool], pairs: Mapping[int, MetaTool], *, former: Iterable[str], tools: Iterable[str]
) -> list[MetaTool]:
    """The meta-tools under the names of those they stand for; no former name gets another meaning.

    Args:
        meta_tools: named, without regard to the former ones.
        pairs: by position, the former meta-tool that each stands for.
        former: names of all former meta-tools.
        tools: names of the tools, which no meta-tool may have.
    """
    kept = {i: each.name for i, each in pairs.items() if each.name not in frozenset(tools)}
    taken = {*former, *tools}
    result = []
    for i, each in enumerate(meta_tools):
        name = kept.get(i) or next(name for name in _free_names(each.name) if name not in taken)
        taken.add(name)
        same = i in pairs and doing(pairs[i]) == doing(each)
        result.append(replace(each, name=name, description=pairs[i].description if same else each.description))
    return result


def doing(meta_tool: MetaTool) -> str:
    """Equal for meta-tools that do the same, whatever is known of it and however the parameters are called."""
    numbered = renamed(meta_tool, {name: f"p{i}" for i, name in enumerate(_uses(meta_tool))})
    return dumps([adapter(Step).dump_python(_bare(step), mode="json") for step in numbered.steps])


def _bare(step: Step) -> Step:
    return replace(step, optional=tuple(sorted(step.optional)), eager=False, never_empty=False, evidence={}, hide={})


def _uses(meta_tool: MetaTool) -> dict[str, list[tuple[str, str]]]:
    """The parameters in the order of their first use, with what each is for: tool and argument."""
    uses: dict[str, list[tuple[str, str]]] = {}
    for step in meta_tool.steps:
        places = {"over": step.over and step.over.source, "guard": step.guard and step.guard.source}
        for place, binding in [*sorted(step.args.items()), *places.items()]:
            for leaf in leaves(binding) if binding else ():
                if isinstance(leaf, Parameter):
                    uses.setdefault(leaf.name, []).append((step.tool, f"{place}{leaf.path}"))
    return uses


def _named_as(meta_tool: MetaTool, former: MetaTool) -> MetaTool:
    return renamed(meta_tool, dict(zip(_uses(meta_tool), _uses(former), strict=True)))


def _installed_as(found: MetaTool, former: MetaTool) -> MetaTool:
    """With what was decided about it: how it is installed, and which of its steps are run unasked."""
    if len(found.steps) != len(former.steps):
        return found
    steps = (replace(step, eager=old.eager) for step, old in zip(found.steps, former.steps, strict=True))
    return replace(found, steps=tuple(steps), mode=former.mode, mode_reason=former.mode_reason)


def _tried_again(
    former: MetaTool, corpus: Corpus, thresholds: Thresholds
) -> tuple[MetaTool | None, list[Refused]]:
    steps = tuple(
        replace(step, hide={}, evidence={place: BindingEvidence() for place in step.evidence})
        for step in former.steps
    )
    found, doubts = verify(replace(former, steps=steps), corpus, thresholds)
    if found is not None and found.evidence.tasks >= MIN_TASKS:
        return found, doubts
    tasks = 0 if found is None else found.evidence.tasks
    seen = f"{former.steps[0].tool} was called in {tasks} tasks of these traces, too few to tell"
    reason = doubts[0].reason if doubts else seen
    return None, [*doubts, refusal(former, "retired", reason, 0)]


def _is_near(meta_tool: MetaTool, former: MetaTool) -> bool:
    return meta_tool.steps[0].tool == former.steps[0].tool and base_name(meta_tool) == base_name(former)


def _shared(one: MetaTool, other: MetaTool) -> int:
    return len({step.tool for step in one.steps} & {step.tool for step in other.steps})


def _free_names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))
