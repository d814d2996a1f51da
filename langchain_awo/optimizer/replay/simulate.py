"""One meta-tool, run against a recorded segment from a given round on, as the executor would run it.

Outputs are the recorded ones; a call that was never recorded has no output, and what depends on it is not run but
estimated. Nothing is simulated past the point where the recorded world could have changed: a call counts as
reproduced only if no write that the meta-tool does not make itself lies between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace

from langchain_awo.model.binding import Frame, Item, Output, Parameter, resolve, uses_item
from langchain_awo.model.guard import guard_holds
from langchain_awo.model.mapping import items_of
from langchain_awo.model.metatool import Map, MetaTool, Step
from langchain_awo.model.pointer import MISSING
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.dataflow.unify import Solution, fit_args, is_open, solve_map
from langchain_awo.optimizer.log.corpus import Call, Run, Segment, call_key, scalars, tool_of


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a meta-tool would have done.

    Attributes:
        start: position of the round in its segment from which it was run.
        anchor: key of the call of that round which its first step makes.
        made: by number of each step, keys of the calls it would have made.
        reproduced: of these, the ones the recorded agent made too, each with the position of its round.
        until: position of the round up to which reads made by it are still true.
        estimated: by number of each step, further calls that depend on outputs nobody recorded, from the known fan-out.
        tools: of the steps, in order.
        unwanted: whether it would have made a write that the recorded agent did not make.
        parameters: what it was called with.
    """

    start: int
    anchor: str
    made: dict[int, tuple[str, ...]]
    reproduced: dict[str, int]
    until: int
    estimated: dict[int, float]
    tools: tuple[str, ...] = ()
    unwanted: bool = False
    parameters: Solution = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """Keys of all calls it would have made."""
        return frozenset(key for made in self.made.values() for key in made)

    def wasted(self, seen: Container[str] = ()) -> Counter[str]:
        """Calls that were made in vain, by tool; those in the conversation already are not made at all."""
        extra = self.keys - self.reproduced.keys()
        counted = Counter(tool_of(key) for key in extra if key not in seen)
        for number, count in self.estimated.items():
            counted[self.tools[number - 1]] += count  # type: ignore[assignment]  # counters hold weights here
        return counted

    def part(self, steps: Container[int]) -> Simulation:
        """What some of its steps would have done, reads that take nothing from the others."""
        made = {number: keys for number, keys in self.made.items() if number in steps}
        own = {key for keys in made.values() for key in keys}
        reproduced = {key: position for key, position in self.reproduced.items() if key in own}
        estimated = {number: count for number, count in self.estimated.items() if number in steps}
        return replace(self, made=made, reproduced=reproduced, estimated=estimated)


class _Stop(Exception):  # noqa: N818  # control flow inside this module, not an error
    """The routine does not apply here."""


class _Unwanted(Exception):  # noqa: N818  # control flow inside this module, not an error
    """The routine would write what the recorded agent did not."""


def simulate(
    meta_tool: MetaTool, run: Run, segment: Segment, start: int, *, blind: bool = False
) -> Iterator[Simulation]:
    """A simulation for each call of the starting round that the first step can be, parameters solved for.

    Every parameter must be known when the routine starts: it occurs in the calls of the starting round, or in what
    the agent could have read before.

    Args:
        blind: the caller knows nothing of what the reads will show: where the recorded agent decided against a write, the
            meta-tool writes all the same if its guards let it.
    """
    for anchor in segment.rounds[start].calls:
        if anchor.tool == meta_tool.steps[0].tool and anchor.ok:
            attempt = _Attempt(meta_tool, run, segment, start, anchor, blind)
            try:
                attempt.run_steps()
            except _Stop:
                continue
            except _Unwanted:
                attempt.unwanted = True
            if attempt.unwanted or attempt.is_told_all():
                yield attempt.result()


@dataclass(slots=True)
class _Attempt:
    """A run in the making, whose first step makes the anchor call.

    The recorded world is the meta-tool's own from round `floor` up to round `horizon`.
    """

    meta_tool: MetaTool
    run: Run
    segment: Segment
    start: int
    anchor: Call
    blind: bool
    unwanted: bool = False
    frame: Frame = field(init=False)
    solution: Solution = field(default_factory=dict)
    made: dict[str, None] = field(default_factory=dict)
    by_step: dict[int, list[str]] = field(default_factory=dict)
    reproduced: dict[str, int] = field(default_factory=dict)
    unknown: dict[int, float] = field(default_factory=dict)
    estimated: dict[int, float] = field(default_factory=dict)
    horizon: int = 0
    floor: int = 0
    spoken: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        opening = self.segment.rounds[self.start].calls
        self.spoken = frozenset(repr(leaf) for call in opening for leaf in scalars(call.args))
        self.frame = Frame(parameters=self.solution)
        self.floor = self.start
        self.horizon = self._first_foreign_write(self.start)

    def run_steps(self) -> None:
        for number, step in enumerate(self.meta_tool.steps, start=1):
            if not self._skipped(number, step):
                self._run_step(number, step)

    def is_told_all(self) -> bool:
        """Whether every required parameter is known, also of steps that nobody can tell about: without it, it is not called."""
        return all(spec.name in self.solution for spec in self.meta_tool.parameters if spec.required)

    def result(self) -> Simulation:
        made = {number: tuple(keys) for number, keys in self.by_step.items()}
        return Simulation(
            self.start,
            self.anchor.key,
            made,
            self.reproduced,
            self.horizon,
            self.estimated,
            tuple(step.tool for step in self.meta_tool.steps),
            self.unwanted,
            self.solution,
        )

    def _skipped(self, number: int, step: Step) -> bool:
        lost = [self.unknown[used] for used in step.depends_on if used in self.unknown]
        if lost and not all(used in self.frame.outputs for used in step.depends_on):
            self.estimated[number] = self.estimated.get(number, 0.0) + max(lost)
            self.unknown[number] = max(lost)
            return True
        if step.guard is not None and not guard_holds(step.guard, self.frame):
            if step.guard.otherwise == "stop":
                raise _Stop
            return True
        return self._is_void(step)

    def _is_void(self, step: Step) -> bool:
        """Whether a read has nothing to be called for: null stands where an earlier output should say what."""
        if step.over is not None or not step.effect.is_read:
            return False
        sources = [binding for name, binding in step.args.items() if name not in step.optional]
        return any(isinstance(each, Output) and resolve(each, self.frame) is None for each in sources)

    def _later(self, step: Step) -> Iterator[Call]:
        rounds = self.segment.rounds[self.start : self.horizon]
        return (call for current in rounds for call in current.calls if call.tool == step.tool and call.ok)

    def _run_step(self, number: int, step: Step) -> None:
        if step.over is None:
            self._run_single(number, step)
        elif isinstance(step.over.source, Parameter):
            self._run_batch(number, step, step.over)
        else:
            self._run_map(number, step, step.over)

    def _run_single(self, number: int, step: Step) -> None:
        if any(is_open(binding, self.frame) for binding in step.args.values()):
            call = self._solve(number, step)
            self.frame.arguments[number] = call.args
            self._done(number, step, call)
            return
        args = self._resolved(step)
        self.frame.arguments[number] = args
        self._done(number, step, self._recorded(call_key(step.tool, args)), args)

    def _solve(self, number: int, step: Step) -> Call:
        candidates = [self.anchor] if number == 1 else self._candidates(step)
        for call in candidates:
            found = fit_args(step, call.args, self.frame)
            if found is not None and self._all_known(found):
                self.solution.update(found)
                return call
        if self.blind and not step.effect.is_read:  # whoever fills in what the schema offers writes here
            raise _Unwanted
        raise _Stop

    def _candidates(self, step: Step) -> Iterator[Call]:
        for call in self._later(step):
            if self._would_make(step, call.key):
                found = fit_args(step, call.args, self.frame)
                if found is not None and self._all_known(found):
                    yield call

    def _all_known(self, found: Solution) -> bool:
        before = self.segment.rounds[self.start].start
        fresh = (leaf for value in found.values() for leaf in scalars(value))
        return all(repr(leaf) in self.spoken or self.run.known(leaf, before=before) for leaf in fresh)

    def _run_batch(self, number: int, step: Step, over: Map) -> None:
        """A map over a list parameter: the list is every call of the tool whose arguments are known already."""
        name = over.source.name if isinstance(over.source, Parameter) else ""
        calls: dict[str, Call] = {}
        while fresh := [each for each in self._items(number, step) if each.key not in calls]:
            for call in fresh if step.effect.is_read else fresh[:1]:  # a write changes which calls can follow
                if len(calls) < over.limit:
                    calls.setdefault(call.key, call)
                    self._make(number, step, call.key, call)
            if step.effect.is_read or len(calls) >= over.limit:
                break
        if not calls or (number == 1 and self.anchor.key not in calls):
            raise _Stop
        self.solution[name] = [_as_item(step, call.args) for call in calls.values()]
        self.frame.outputs[number] = [call.output for call in calls.values() if call.ok]

    def _items(self, number: int, step: Step) -> Iterator[Call]:
        if number == 1:
            if not _within(step, self.anchor.args):
                raise _Stop
            yield self.anchor
        fixed = {name: binding for name, binding in step.args.items() if not uses_item(binding)}
        for call in self._later(step):
            held = all(resolve(b, self.frame) == call.args.get(name, MISSING) for name, b in fixed.items())
            opened = {name: value for name, value in call.args.items() if name not in fixed}
            fresh = step.effect.is_read or self._would_make(step, call.key)
            if held and fresh and _within(step, call.args) and self._all_known(opened):
                yield call

    def _run_map(self, number: int, step: Step, over: Map) -> None:
        if any(is_open(binding, self.frame) for binding in step.args.values()):
            found = solve_map(step, self._later(step), self.frame, lambda value: self._all_known({"": value}))
            if found is None:
                raise _Stop
            self.solution.update(found)
        items = items_of(step, over, self.frame)
        if items is None:
            raise _Stop
        outputs, missing = [], 0
        seen: dict[str, None] = {}
        for item in items:
            self.frame.item = item
            args = self._resolved(step)
            key = call_key(step.tool, args)
            if key in seen or len(seen) >= over.limit:
                continue
            seen[key] = None
            call = self._recorded(key)
            self._make(number, step, key, call)
            if call is None:
                missing += 1
            else:
                outputs.append(call.output)
        self.frame.item = MISSING
        lost = sum(self.unknown.get(used, 0.0) for used in step.depends_on)
        if lost:
            known = max(1, _size(self.frame.outputs, step))
            self.estimated[number] = self.estimated.get(number, 0.0) + lost * len(seen) / known
        if outputs or not seen:
            self.frame.outputs[number] = outputs
        if missing or lost:
            self.unknown[number] = missing + lost

    def _resolved(self, step: Step) -> dict[str, JSONValue]:
        args = {name: resolve(binding, self.frame) for name, binding in step.args.items()}
        lacking = [name for name, value in args.items() if value is MISSING and name not in step.optional]
        if lacking:
            raise _Stop
        return {name: value for name, value in args.items() if value is not MISSING}

    def _done(
        self, number: int, step: Step, call: Call | None, args: dict[str, JSONValue] | None = None
    ) -> None:
        key = call.key if call else call_key(step.tool, args or {})
        self._make(number, step, key, call)
        if call is None:
            self.unknown[number] = 1.0
        else:
            self.frame.outputs[number] = call.output

    def _make(self, number: int, step: Step, key: str, call: Call | None) -> None:
        self.by_step.setdefault(number, []).append(key)
        if key in self.made:
            return
        self.made[key] = None
        position = self._position(key) if call else None
        if position is not None:
            self.reproduced[key] = position
            if not step.effect.is_read:
                if not self._in_order(position):
                    raise _Stop
                self.floor, self.horizon = position, self._first_foreign_write(self.start)
            return
        if not step.effect.is_read:
            raise _Unwanted if self.blind else _Stop  # the recorded agent did not write this

    def _would_make(self, step: Step, key: str) -> bool:
        """Whether a call is a new one that the recorded agent made too, a write in its recorded order."""
        position = self._position(key) if key not in self.made else None
        return position is not None and (step.effect.is_read or self._in_order(position))

    def _in_order(self, position: int) -> bool:
        """Whether a write would come before nothing that the recorded agent did first."""
        between = self.segment.rounds[self.start + 1 : position]
        return all(call.key in self.made for each in between for call in each.calls)

    def _recorded(self, key: str) -> Call | None:
        position = self._position(key)
        if position is None:
            return None
        return next(call for call in self.segment.rounds[position].calls if call.key == key)

    def _position(self, key: str) -> int | None:
        for position in range(self.floor, self.horizon):
            for call in self.segment.rounds[position].calls:
                if call.key == key and call.ok:
                    return position
        return None

    def _first_foreign_write(self, start: int) -> int:
        """One past the last round up to which the recorded world is the meta-tool's own.

        The round with the first write that the meta-tool has not made is still included: the write may be its next.
        """
        for position in range(start, len(self.segment.rounds)):
            writes = [call for call in self.segment.rounds[position].calls if not call.effect.is_read]
            if any(call.key not in self.made for call in writes):
                return position + 1
        return len(self.segment.rounds)


def _within(step: Step, args: dict[str, JSONValue]) -> bool:
    """Whether a step can make a call with exactly these arguments, as far as their names tell."""
    return args.keys() <= step.args.keys() and all(
        name in args or name in step.optional for name in step.args
    )


def _as_item(step: Step, args: dict[str, JSONValue]) -> JSONValue:
    """The element of a list parameter that makes a call: the bare value if the step takes the item whole."""
    whole = [name for name, binding in step.args.items() if binding == Item()]
    if whole:
        return args.get(whole[0])
    return {name: value for name, value in args.items() if uses_item(step.args[name])}


def _size(outputs: dict[int, JSONValue], step: Step) -> int:
    sizes = [len(outputs[used]) for used in step.depends_on if isinstance(outputs.get(used), list)]
    return max(sizes, default=1)
