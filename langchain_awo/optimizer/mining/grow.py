"""Grows the routine of an anchor: what agents go on to read, with arguments that flow from what came before.

An anchor is any read of one tool. The calls that follow it in its segment, up to the first write, are the evidence. A follower
whose arguments can all be bound becomes a step, whose output can feed further steps. A step that held-out tasks do not bear out
is not taken, and the next best is. Where a condition explains when agents go on, the step gets it as its guard, or its list a filter.

before::

    find_user(email)  get_user(user_id)  get_order(order_id)  get_order(order_id)   (many times, in many tasks)

after::

    1  find_user(email=$email)
    2  get_user(user_id=#1)
    3  get_order(order_id=#2/orders/*)

A step with arguments that only the caller can know makes a routine of its own, which requires them: see `Opened`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.ir.binding import Binding, Parameter
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Refused, Step
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.align import advance
from langchain_awo.optimizer.mining.companions import asks_nothing, is_companion
from langchain_awo.optimizer.mining.cross_validate import (
    MIN_TASKS,
    Thresholds,
    Verdict,
    find_doubt,
    try_step,
    with_verdict,
)
from langchain_awo.optimizer.mining.decide import decide_growth
from langchain_awo.optimizer.mining.forms import MAX_PARAMETERS, Form, is_positional, read_forms
from langchain_awo.optimizer.mining.guarded_writes import SAFE, append_write, find_guarded_forms
from langchain_awo.optimizer.mining.join import find_joins
from langchain_awo.optimizer.mining.knowledge import Knowledge, find_shapes, learn_flow
from langchain_awo.optimizer.mining.left_over import explain_left_over
from langchain_awo.optimizer.mining.literals import is_house_rule
from langchain_awo.optimizer.mining.measure import Growth, measure
from langchain_awo.optimizer.mining.named_items import name_items
from langchain_awo.optimizer.mining.occurrences import Occurrence, collect_occurrences, list_followers
from langchain_awo.optimizer.mining.untried import build_untried, refuse_untried
from langchain_awo.optimizer.mining.widen import widen_when_empty

MAX_STEPS: Final = 8
"""Longer routines are two routines."""

LITTLE_WASTE: Final = 2.0
"""Calls in vain, for each one that was wanted, up to which a step for each item is preferred to one for the first."""

MAX_OPENED: Final = 3
"""Routines with parameters of their own that are grown for one anchor."""


@dataclass(slots=True)
class Growing:
    """A routine in the making, with the places where it could run.

    Attributes:
        avoid: tools that must not become steps.
        doubted: steps that did not hold, by their notation.
        untried: of each tool, the best step that was not worth a trial.
    """

    corpus: Corpus
    routine: MetaTool
    known: list[Knowledge]
    avoid: frozenset[str]
    thresholds: Thresholds
    doubted: dict[str, Refused] = field(default_factory=dict)
    untried: dict[str, Refused] = field(default_factory=dict)
    measured: dict[str, dict[str, Growth]] = field(default_factory=dict)

    @property
    def occurrences(self) -> list[Occurrence]:
        """The places where it could run."""
        return [knowledge.occurrence for knowledge in self.known]

    def take(self, growth: Growth, verdict: Verdict) -> None:
        """Adds a step, with what its trial showed."""
        number = len(self.routine.steps) + 1
        growth = replace(growth, step=with_verdict(growth.step, verdict))
        self.routine = replace(
            self.routine,
            steps=(*self.routine.steps, growth.step),
            parameters=(*self.routine.parameters, *growth.parameters),
        )
        for knowledge in self.known:
            advance(number, growth.step, knowledge.occurrence)
            knowledge.learn(number)
        self.measured.pop(growth.step.tool, None)

    def go_on_behind(self, form: Form) -> None:
        """Adds a write, and looks only at the places where it was made."""
        step, number = form.step, len(self.routine.steps) + 1
        self.routine = replace(
            self.routine,
            steps=(*self.routine.steps, step),
            parameters=(*self.routine.parameters, *form.parameters),
        )
        for occurrence in self.occurrences:
            advance(number, step, occurrence)
        self.known = [
            Knowledge(occurrence) for occurrence in self.occurrences if number in occurrence.frame.arguments
        ]
        self.measured = {}

    def only_behind(self, number: int) -> None:
        """Looks only at the places where a step was made."""
        self.known = [each for each in self.known if number in each.occurrence.frame.arguments]
        self.measured = {}

    def copy(self) -> Growing:
        """The same routine, to be grown another way."""
        copies = [knowledge.copy(knowledge.occurrence.copy()) for knowledge in self.known]
        return replace(self, known=copies, doubted={}, untried={}, measured={})

    def growths(self) -> list[Growth]:
        """Every step that could be added; forms that were measured before are not measured again."""
        taken = [spec.name for spec in self.routine.parameters]
        worthwhile = []
        for tool in list_followers(self.occurrences, min_tasks=MIN_TASKS):
            effect = self.corpus.effects.get(tool, Effect.UNKNOWN)
            if effect is Effect.READ and tool not in self.avoid:
                measured = self.measured.setdefault(tool, {})
                growths = []
                for plain in self._forms(tool, self.known, taken):
                    if asks_nothing(plain.step) and not is_companion(tool, self.occurrences):
                        continue
                    form = widen_when_empty(plain, self.routine, self.occurrences)
                    key = repr(form.step)
                    if key not in measured:
                        measured[key] = decide_growth(measure(form, self.occurrences), self.occurrences)
                    growths += [measured[key]] if self._is_worth_a_trial(measured[key]) else []
                worthwhile += _without_positions(growths)
        return worthwhile

    def _is_worth_a_trial(self, growth: Growth) -> bool:
        """Whether a step is to be tried; notes why if it is not, of each tool for the step that would explain most."""
        why = refuse_untried(growth, self.routine, self.occurrences)
        if why:
            refusal = build_untried(self.routine.steps[0].tool, growth, why)
            best = self.untried.get(growth.step.tool)
            if best is None or refusal.occurrences > best.occurrences:
                self.untried[growth.step.tool] = refusal
        return why is None

    def refuse_untried(self, others: Iterable[MetaTool | Refused]) -> Iterator[Refused]:
        """The steps that were not worth a trial, of tools that neither this routine nor another has, and no trial was about."""
        tried: set[str] = set()
        for each in [self.routine, *others, *self.doubted.values()]:
            tools = [step.tool for step in each.steps] if isinstance(each, MetaTool) else each.routine
            tried.update(tool.removesuffix("*") for tool in tools[1:])
        yield from (refusal for tool, refusal in sorted(self.untried.items()) if tool not in tried)

    def _forms(
        self, tool: str, known: Sequence[Knowledge], taken: Sequence[str], *, min_tasks: int = MIN_TASKS
    ) -> Iterator[Form]:
        base = Step(tool=tool, effect=Effect.READ)
        occurrences = [knowledge.occurrence for knowledge in known]

        def is_rule(name: str, value: JSONValue) -> bool:
            return is_house_rule(tool, name, value, self.occurrences)

        for shape in find_shapes(tool, occurrences, min_tasks=min_tasks):
            for form in read_forms(base, learn_flow(tool, known, shape), taken, is_rule=is_rule):
                yield form
                yield from name_items(form, occurrences, taken)

    def tried(self, growth: Growth) -> Verdict | None:
        """What a trial on tasks that the step was not found in shows, if it holds there; notes why if it does not."""
        shown = repr(growth.step)
        if shown in self.doubted:
            return None
        verdict = try_step(growth.step, self.occurrences, self.is_found_without)
        doubt = find_doubt(verdict, self.routine.steps[0].tool, self.thresholds)
        if doubt:
            self.doubted[shown] = doubt
        return None if doubt else verdict

    def is_found_without(self, step: Step, fold: int) -> bool:
        """Whether the tasks outside a fold, alone, show the same step."""
        away = [knowledge for knowledge in self.known if knowledge.occurrence.fold != fold]
        calling = {
            knowledge.occurrence.task
            for knowledge in away
            if any(call.tool == step.tool for call in knowledge.occurrence.followers)
        }
        if not calling:
            return False
        taken = [spec.name for spec in self.routine.parameters]
        forms = self._forms(step.tool, away, taken, min_tasks=1)
        return any(form.step.args == step.args and _has_same_list(form.step, step) for form in forms)


def grow(
    corpus: Corpus,
    tool: str,
    *,
    avoid: frozenset[str] = frozenset(),
    thresholds: Thresholds | None = None,
    writes: bool = False,
) -> Iterator[MetaTool | Refused]:
    """The routine of an anchor, those with parameters of their own, and the steps that did not hold.

    Args:
        writes: whether routines may end with a write that follows or is guarded.
    """
    allowed = {Effect.READ, *SAFE} if writes else {Effect.READ}
    if tool in avoid or corpus.effects.get(tool) not in allowed:
        return
    occurrences = collect_occurrences(corpus, tool)
    if len({occurrence.task for occurrence in occurrences}) < MIN_TASKS:
        return
    start = Growing(
        corpus,
        start_from_anchor(tool, occurrences, corpus.effects[tool]),
        [Knowledge(occurrence) for occurrence in occurrences],
        avoid,
        thresholds or Thresholds(),
    )
    opened: dict[str, tuple[Growing, Growth]] = {}
    _extend(start, opened)
    if len(start.routine.steps) > 1:
        yield start.routine
    yield from start.doubted.values()
    yield from explain_left_over(start.routine, start.known, corpus.effects, avoid=avoid, writes=writes)
    if writes:
        yield from _with_writes(start.copy())
    further = [*_with_joins(start), *_with_opened(opened)]
    yield from further
    yield from start.refuse_untried(further)


def _with_opened(opened: Mapping[str, tuple[Growing, Growth]]) -> Iterator[MetaTool | Refused]:
    """The routines with a step that needs the caller's word, those that explain most."""
    ranked = sorted(opened.values(), key=lambda pair: pair[1].rank(0))
    for growing, growth in ranked[:MAX_OPENED]:
        if verdict := growing.tried(growth):
            growing.take(growth, verdict)
            _extend(growing, None)
            yield growing.routine
        yield from growing.doubted.values()
    for growing, growth in ranked[MAX_OPENED:]:
        why = "opened", f"but {MAX_OPENED} other steps that ask for something explain more"
        yield build_untried(growing.routine.steps[0].tool, growth, why)


def _with_writes(growing: Growing) -> Iterator[MetaTool | Refused]:
    """The routine with the writes that follow or are guarded, one after the other, and with what is read after each."""
    while len(growing.routine.steps) < MAX_STEPS:
        forms = list(
            find_guarded_forms(
                growing.routine,
                growing.known,
                growing.corpus.effects,
                avoid=growing.avoid,
                thresholds=growing.thresholds,
            )
        )
        yield from (form for form in forms if isinstance(form, Refused))
        writes = [form for form in forms if isinstance(form, Form)]
        yield from (append_write(growing.routine, form) for form in writes)
        if len(writes) != 1:
            return  # where agents go on to different writes, they decide
        growing.go_on_behind(writes[0])
        before = len(growing.routine.steps)
        _extend(growing, None)
        if len(growing.routine.steps) > before:
            yield growing.routine


def _with_joins(growing: Growing) -> Iterator[MetaTool | Refused]:
    """The routine with a second lookup, which its caller asks for too, and the read that joins it to the rest."""
    number = len(growing.routine.steps) + 1
    taken = [spec.name for spec in growing.routine.parameters]
    joins = find_joins(growing.known, taken, avoid=growing.avoid) if number < MAX_STEPS else ()
    for join in joins:
        joined = growing.copy()
        lookup = measure(join.form, joined.occurrences)
        joined.take(lookup, try_step(lookup.step, joined.occurrences))
        joined.only_behind(number)
        growths = (
            each for each in joined.growths() if each.step.tool == join.tool and _is_join(each, number)
        )
        room = MAX_PARAMETERS - len(joined.routine.parameters)
        ranked = sorted(
            (each for each in growths if len(each.parameters) <= room), key=lambda each: each.rank(number)
        )
        trials = ((growth, joined.tried(growth)) for growth in ranked)
        best = next(((growth, verdict) for growth, verdict in trials if verdict), None)
        if best:
            joined.take(*best)
            _extend(joined, None)
            yield joined.routine
        yield from joined.doubted.values()


def _is_join(growth: Growth, number: int) -> bool:
    """Whether a step takes something from another step and something from another one still."""
    return number in growth.step.depends_on and len(growth.step.depends_on) > 1


def _extend(growing: Growing, opened: dict[str, tuple[Growing, Growth]] | None) -> None:
    """Takes the best step that holds, again and again; steps that need the caller's word go to `opened`."""
    while len(growing.routine.steps) < MAX_STEPS:
        growths = growing.growths()
        if opened is not None:
            _note_opened(growing, growths, opened)
        bound = sorted(
            (growth for growth in growths if not growth.parameters),
            key=lambda growth: growth.rank(len(growing.routine.steps)),
        )
        trials = ((growth, growing.tried(growth)) for growth in bound)
        best = next(((growth, verdict) for growth, verdict in trials if verdict), None)
        if best is None:
            return
        growing.take(*best)


def _note_opened(
    growing: Growing, growths: Sequence[Growth], opened: dict[str, tuple[Growing, Growth]]
) -> None:
    room = MAX_PARAMETERS - len(growing.routine.parameters)
    for growth in growths:
        if growth.parameters and len(growth.parameters) <= room:
            key = (
                f"{growth.step.tool}{sorted(growth.step.args)}{growth.step.over and growth.step.over.filter}"
            )
            if key not in opened or growth.explained > opened[key][1].explained:
                opened[key] = (growing.copy(), growth)


def start_from_anchor(tool: str, occurrences: Sequence[Occurrence], effect: Effect = Effect.READ) -> MetaTool:
    """The anchor alone: every argument a parameter, required where every call had it."""
    names = sorted({name for occurrence in occurrences for name in occurrence.anchor.args})
    optional = tuple(
        name for name in names if not all(name in occurrence.anchor.args for occurrence in occurrences)
    )
    args: dict[str, Binding] = {name: Parameter(name=name) for name in names}
    step = Step(tool=tool, args=args, optional=optional, effect=effect)
    parameters = tuple(ParameterSpec(name=name, required=name not in optional) for name in names)
    return MetaTool(name=tool, description="", steps=(step,), parameters=parameters)


def _without_positions(growths: list[Growth]) -> list[Growth]:
    """Without the steps that take one position of a list, where one for each item explains as much and wastes little."""
    sound = [
        growth for growth in growths if growth.step.over and growth.extra <= LITTLE_WASTE * growth.explained
    ]
    mapped = max((growth.explained for growth in sound), default=0)
    return [
        growth
        for growth in growths
        if growth.explained > mapped or not any(map(is_positional, growth.step.args.values()))
    ]


def _has_same_list(one: Step, other: Step) -> bool:
    return (one.over and one.over.bindings) == (other.over and other.over.bindings)
