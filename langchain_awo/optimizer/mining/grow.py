"""Grows routines from an anchor: what agents go on to call, with arguments that flow from what came before.

An anchor is any call of one tool. The calls that follow it in its segment are the evidence: a follower whose arguments
can all be bound becomes a step, whose outputs can feed further steps. Arguments that nothing explains, but that were
known when the routine would start, become optional parameters: a step is left out if its parameters are not given.
A step that held-out tasks do not bear out is not taken, and the next best is.

before::

    find_user(email)  get_user(user_id)  get_order(order_id)  get_order(order_id)   (many times, in many tasks)

after::

    1  find_user(email=$email)
    2  get_user(user_id=#1)
    3  get_order(order_id=#2/orders/*)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.binding import Binding, Frame, Parameter
from langchain_awo.model.effect import Effect
from langchain_awo.model.metatool import MetaTool, ParameterSpec, Refused, Step
from langchain_awo.optimizer.dataflow.consensus import Example, collect_votes
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.align import advance_step, explained_by
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS, Thresholds, doubt_about
from langchain_awo.optimizer.mining.forms import batch_step, forms_of, on_request
from langchain_awo.optimizer.mining.occurrences import Occurrence, follower_tools, occurrences_of

MAX_STEPS: Final = 8
"""Longer routines are two routines."""

USUALLY: Final = 0.5
"""A step that is wanted less often than this is only run if a flag asks for it."""

MAX_EXTRA: Final = 20
"""A step may fetch so many calls nobody wanted for each one that was wanted; selection prices them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What kind of routines to grow.

    Attributes:
        batch: the anchor is run once for each element of a list parameter; the anchor alone is the first routine.
        bound: only steps without parameters of their own, so that the rest can follow a call the model makes itself.
        parallel: calls issued together with the anchor may become steps too, for what flows from them.
        avoid: tools that must not become steps.
        thresholds: what a step must reach on held-out tasks.
    """

    batch: bool = False
    bound: bool = False
    parallel: bool = False
    avoid: frozenset[str] = frozenset()
    thresholds: Thresholds = field(default_factory=Thresholds)


_PLAIN: Final = Family()


@dataclass(frozen=True, slots=True)
class Growth:
    """A step that could be added, with what it would explain.

    Attributes:
        explained: calls of recorded agents that the step makes.
        extra: calls that the step makes and the recorded agents did not.
        wanted: share of the occurrences, of those in which the step makes any call, in which one was wanted.
        place: mean place of the explained calls among those left to explain.
    """

    step: Step
    explained: int
    tasks: int
    extra: int
    wanted: float
    place: float = 0.0
    parameters: tuple[ParameterSpec, ...] = ()

    @property
    def score(self) -> float:
        """What growth goes by: calls explained, less a little for each one nobody wanted."""
        return self.explained - 0.05 * self.extra

    def rank(self, last: int) -> tuple[float, bool, float, int, str, str]:
        """The order in which growths are tried after step `last`.

        What explains most comes first. Of equal ones: what goes on from the last step before another branch, then in recorded
        order, then the least for the caller to say.
        """
        strays = last not in self.step.depends_on
        return (-self.score, strays, self.place, len(self.parameters), self.step.tool, repr(self.step))


def grow(corpus: Corpus, tool: str, family: Family = _PLAIN) -> Iterator[MetaTool | Refused]:
    """Routines anchored at a tool, each one step longer than the last, and the steps that did not hold."""
    if tool in family.avoid or corpus.effects.get(tool) is Effect.DESTRUCTIVE:
        return
    occurrences = occurrences_of(corpus, tool, batch=family.batch, parallel=family.parallel)
    if len({each.run.task for each in occurrences}) < MIN_TASKS:
        return
    routine = _anchored(corpus, tool, occurrences, batch=family.batch)
    if family.batch:
        yield routine
    doubted: dict[str, Refused] = {}
    while len(routine.steps) < MAX_STEPS:
        growth = _best_growth(corpus, routine, occurrences, family, doubted)
        if growth is None:
            break
        steps, parameters = (*routine.steps, growth.step), (*routine.parameters, *growth.parameters)
        routine = replace(routine, steps=steps, parameters=parameters)
        for each in occurrences:
            advance_step(len(steps), growth.step, each)
        yield routine
    yield from doubted.values()


def _anchored(corpus: Corpus, tool: str, occurrences: Sequence[Occurrence], *, batch: bool) -> MetaTool:
    calls = [Example(each.run.task, each.frame, call.args) for each in occurrences for call in each.anchors]
    flow = collect_votes([replace(example, frame=_NOTHING) for example in calls])
    optional = tuple(name for name in flow.votes if not flow.always(name))
    effect = corpus.effects.get(tool, Effect.UNKNOWN)
    if batch:
        step, parameters = batch_step(
            Step(tool=tool, effect=effect, optional=optional), list(flow.votes), {}, ()
        )
    else:
        args: dict[str, Binding] = {name: Parameter(name=name) for name in flow.votes}
        step = Step(tool=tool, args=args, optional=optional, effect=effect)
        parameters = tuple(ParameterSpec(name=name, required=name not in optional) for name in args)
    return MetaTool(name=tool, description="", steps=(step,), parameters=parameters)


_NOTHING: Final = Frame()


def _best_growth(
    corpus: Corpus,
    routine: MetaTool,
    occurrences: Sequence[Occurrence],
    family: Family,
    doubted: dict[str, Refused],
) -> Growth | None:
    """The step that explains most, of those that hold on tasks they were not found in; adds the others to `doubted`."""
    growths = [
        growth
        for tool in follower_tools(occurrences, min_tasks=MIN_TASKS)
        if tool not in family.avoid
        for growth in _growths(corpus, tool, routine, occurrences, bound=family.bound)
        if _is_worth_trying(growth, bound=family.bound)
    ]
    for growth in sorted(growths, key=lambda each: each.rank(len(routine.steps))):
        shown = repr(growth.step)
        if shown not in doubted:
            doubt = doubt_about(growth.step, occurrences, routine.steps[0].tool, family.thresholds)
            if doubt is None:
                return growth
            doubted[shown] = doubt
    return None


def _is_worth_trying(growth: Growth, *, bound: bool) -> bool:
    return (
        not (bound and growth.parameters)
        and growth.tasks >= MIN_TASKS
        and growth.extra <= MAX_EXTRA * growth.explained
        and growth.score > 0
    )


def _growths(
    corpus: Corpus, tool: str, routine: MetaTool, occurrences: Sequence[Occurrence], *, bound: bool
) -> Iterator[Growth]:
    effect = corpus.effects.get(tool, Effect.UNKNOWN)
    if effect is Effect.DESTRUCTIVE:
        return
    counts = [sum(call.tool == tool for call in each.followers) for each in occurrences]
    examples = [
        Example(each.run.task, each.frame, call.args, 1 / count)
        for each, count in zip(occurrences, counts, strict=True)
        for call in each.followers
        if call.tool == tool
    ]
    flow = collect_votes(examples)
    taken = [spec.name for spec in routine.parameters]
    several = sum(counts) > 1.2 * sum(map(bool, counts))
    for step, parameters in forms_of(Step(tool=tool, effect=effect), flow, taken, several=several):
        growth = _measure(step, parameters, occurrences)
        if bound or step.guard or growth.wanted >= USUALLY:
            yield growth
        elif growth.explained:
            yield _measure(*on_request(step, parameters, taken), occurrences)


def _measure(step: Step, parameters: tuple[ParameterSpec, ...], occurrences: Sequence[Occurrence]) -> Growth:
    places: list[int] = []
    extra, made, tasks = 0, 0, []
    for each in occurrences:
        keys = explained_by(step, each)
        hits = [place for place, call in enumerate(each.followers) if call.key in keys]
        made += bool(keys)
        places += hits
        extra += len(keys) - len(hits) if hits or not step.guard else 0
        tasks += [each.run.task] if hits else []
    explained = len(places)
    place = round(sum(places) / max(1, explained), 6)
    return Growth(step, explained, len(set(tasks)), extra, len(tasks) / max(1, made), place, parameters)
