"""One meta-tool, run against a recorded segment from a given round on, by the very interpreter that runs it live.

The stepping core decides what the meta-tool does next; here are only the three things that a recording adds. The parameters are
solved from the recorded calls as they come to be needed. A call's outcome is the recorded one; what depends on a call that was
never recorded is not run but estimated. And nothing is simulated past the point where the recorded world could have changed: a
call counts as reproduced only if no write that the meta-tool does not make itself lies between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.ir.binding import Frame, Item, Parameter, list_leaves, resolve, uses_item
from langchain_awo.model.ir.guard import guard_holds, list_conditions
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.stepping.execution import RoutineState, Sources
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Outcome, Stop, Succeeded, Unrecorded
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import get_tool
from langchain_awo.optimizer.dataflow.unify import Solution, fit_args, solve_map
from langchain_awo.optimizer.log.corpus import Call, Run, Segment
from langchain_awo.optimizer.log.requests import find_telling_words, has_asked
from langchain_awo.optimizer.log.words_in_text import iterate_scalars
from langchain_awo.optimizer.replay.recorded import RecordedWorld

FAILED: Final = Failed(error="it failed in the recording")


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
        stop: why it would have ended early.
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
    stop: Stop | None = None

    @property
    def keys(self) -> frozenset[str]:
        """Keys of all calls it would have made."""
        return frozenset(key for made in self.made.values() for key in made)

    def wasted(self, seen: Container[str] = ()) -> Counter[str]:
        """Calls that were made in vain, by tool; those in the conversation already are not made at all."""
        extra = self.keys - self.reproduced.keys()
        counted = Counter(get_tool(key) for key in extra if key not in seen)
        for number, count in self.estimated.items():
            counted[self.tools[number - 1]] += count  # type: ignore[assignment]  # counters hold weights here
        return counted

    def part(self, steps: Collection[int]) -> Simulation:
        """What some of its steps would have done, numbered anew; reads that take nothing from the others."""
        numbers = {old: new for new, old in enumerate(sorted(steps), start=1)}
        made = {numbers[number]: keys for number, keys in self.made.items() if number in numbers}
        own = {key for keys in made.values() for key in keys}
        return replace(
            self,
            made=made,
            reproduced={key: position for key, position in self.reproduced.items() if key in own},
            estimated={numbers[n]: count for n, count in self.estimated.items() if n in numbers},
            tools=tuple(self.tools[number - 1] for number in numbers),
        )


class _Inapplicable(Exception):  # noqa: N818  # control flow inside this module, not an error
    """Nobody could have called the routine here, or nobody who knows what it does would have."""


class _Unwanted(Exception):  # noqa: N818  # control flow inside this module, not an error
    """The routine would write what the recorded agent did not."""


def simulate(
    meta_tool: MetaTool,
    run: Run,
    segment: Segment,
    start: int,
    *,
    blind: bool = False,
    sources: Sources | None = None,
) -> Iterator[Simulation]:
    """A simulation for each call of the starting round that the first step can be, parameters solved for.

    Every parameter must be known when the routine starts: it occurs in the calls of the starting round, or in what
    the agent could have read before.

    Args:
        meta_tool: what to run.
        run: the recorded run.
        segment: the part of it to run in.
        start: position of the starting round.
        blind: the caller knows nothing of what the reads will show: where the recorded agent decided against a write, the
            meta-tool writes all the same if its guards let it.
        sources: of the meta-tool, if they are known already.
    """
    for anchor in segment.rounds[start].calls:
        if anchor.tool == meta_tool.steps[0].tool and anchor.ok:
            attempt = _Attempt(meta_tool, run, segment, start, anchor, blind=blind, sources=sources)
            try:
                attempt.play()
            except _Inapplicable:
                continue
            except _Unwanted:
                attempt.unwanted = True
            if attempt.unwanted or attempt.is_told_all():
                yield attempt.result()


class _Attempt:
    """A run in the making, whose first step makes the anchor call.

    Attributes:
        solution: the parameters that were solved; what is in `absent` was looked at and not given, and nobody has to say what is
            in `needless`, as a guard rules its step out.
    """

    def __init__(
        self,
        meta_tool: MetaTool,
        run: Run,
        segment: Segment,
        start: int,
        anchor: Call,
        *,
        blind: bool,
        sources: Sources | None,
    ) -> None:
        self.meta_tool = meta_tool
        self.run = run
        self.segment = segment
        self.start = start
        self.anchor = anchor
        self.blind = blind
        self.unwanted = False
        self.solution: Solution = {}
        self.absent: set[str] = set()
        self.needless: set[str] = set()
        self.reproduced: dict[str, int] = {}
        self.world = RecordedWorld(segment, start)
        self.frame = Frame(parameters=self.solution)
        self.routine = RoutineState(meta_tool, self.frame, sources=sources, rehearsal=self)
        opening = segment.rounds[start].calls
        self.spoken = frozenset(repr(leaf) for call in opening for leaf in iterate_scalars(call.args))

    def play(self) -> None:
        """Runs the routine to its end."""
        while group := self.routine.next_group():
            self.routine.take(group, [self._outcome(call) for call in group])
        if not self.routine.planned.get(1):
            raise _Inapplicable
        if any(not self.meta_tool.steps[number - 1].effect.is_read for number in self.routine.undecided):
            raise _Unwanted if self.blind else _Inapplicable

    def is_told_all(self) -> bool:
        """Whether every required parameter is known, also of steps that nobody can tell about: without it, it is not called."""
        required = {spec.name for spec in self.meta_tool.parameters if spec.required}
        return required <= self.solution.keys() | self.needless

    def result(self) -> Simulation:
        """What came of it."""
        return Simulation(
            start=self.start,
            anchor=self.anchor.key,
            made=self._made(),
            reproduced=self.reproduced,
            until=self.world.horizon,
            estimated=self._estimated(),
            tools=tuple(step.tool for step in self.meta_tool.steps),
            unwanted=self.unwanted,
            parameters=self.solution,
            stop=self.routine.stop,
        )

    def _made(self) -> dict[int, tuple[str, ...]]:
        planned = self.routine.planned.items()
        made = self.world.made
        found = {number: tuple(call.key for call in calls if call.key in made) for number, calls in planned}
        return {number: keys for number, keys in found.items() if keys}

    def _estimated(self) -> dict[int, float]:
        """Calls of steps that use what nobody recorded: as many for each lost output as for each known one."""
        routine, estimated = self.routine, dict[int, float]()
        spread: dict[int, float] = {}
        if not routine.lost:
            return estimated
        for number, step in enumerate(self.meta_tool.steps, start=1):
            lost = [spread[used] for used in sorted(step.depends_on) if used in spread]
            missing = routine.lost[number]
            if number not in routine.planned:
                if number in routine.undecided:
                    estimated[number] = spread[number] = max(lost)
                continue
            further = sum(spread.get(used, 0.0) for used in sorted(step.reads_from)) if step.over else 0.0
            if further:
                known = max(1, _bound_fan(self.frame.outputs, step))
                estimated[number] = further * len(routine.planned[number]) / known
            if missing or further:
                spread[number] = missing + further
        return estimated

    # --- the outcome of a call is the recorded one ---

    def _outcome(self, call: OriginalCall) -> Outcome | Unrecorded:
        if call.step == 1 and not call.mapped and call.key != self.anchor.key:
            raise _Inapplicable
        found = self.world.find(call.key)
        if call.key not in self.world.made:
            self._make(call, found)
        if found is None:
            return Unrecorded()
        recorded = found[1]
        return Succeeded(output=recorded.raw, decoded=recorded.output) if recorded.ok else FAILED

    def _make(self, call: OriginalCall, found: tuple[int, Call] | None) -> None:
        self.world.made[call.key] = None
        if not call.effect.is_read:
            if found is None:
                raise _Unwanted if self.blind else _Inapplicable  # the recorded agent did not write this
            if not self.world.is_in_order(found[0]):
                raise _Inapplicable
            self.world.write(call.key, found[0])
        if found is not None and found[1].ok:
            self.reproduced[call.key] = found[0]

    # --- the parameters are what the recorded agent would have given ---

    def prepare(self, number: int, step: Step, *, is_made: bool) -> None:
        """Solves the parameters that a step looks at; what cannot be solved is not given, from here on."""
        names = self._open_names(step)
        if not names:
            return
        if self._is_ruled_out(step, names):
            self.needless |= names
        elif is_made and names & _collect_parameter_names(step):
            self._solve(number, step)
        self.absent |= names - self.solution.keys()

    def _is_ruled_out(self, step: Step, opened: set[str]) -> bool:
        """Whether a guard that looks at nothing open keeps the step from being made: then it needs no parameters."""
        if step.guard is None:
            return False
        sources = (each.source for each in list_conditions(step.guard))
        used = {leaf.name for each in sources for leaf in list_leaves(each) if isinstance(leaf, Parameter)}
        return not used & opened and not guard_holds(step.guard, self.frame)

    def _open_names(self, step: Step) -> set[str]:
        used = (leaf for binding in step.bindings for leaf in list_leaves(binding))
        names = {leaf.name for leaf in used if isinstance(leaf, Parameter)}
        return names - self.solution.keys() - self.absent if names else names

    def _solve(self, number: int, step: Step) -> None:
        if step.over is None:
            found = self._solved_single(number, step)
        elif isinstance(step.over.source, Parameter):
            found = {step.over.source.name: self._solved_list(number, step, step.over)}
        else:
            found = solve_map(step, self.world.calls(step.tool), self.frame, self._knows)
        if found is None:
            is_unwanted = (
                self.blind and not step.effect.is_read and step.over is None and self._is_asked_for(step)
            )
            raise _Unwanted if is_unwanted else _Inapplicable  # whoever fills in what is offered writes here
        self.solution.update(found)

    def _is_asked_for(self, step: Step) -> bool:
        """Whether a user has spoken of a write; nobody calls a tool that is named after one that nobody has."""
        words = find_telling_words(
            step.tool, (each.tool for each in self.meta_tool.steps if each is not step)
        )
        before = self.segment.rounds[self.start].start
        return not words or not self.run.asked or has_asked(self.run, words, before=before)

    def _solved_single(self, number: int, step: Step) -> Solution | None:
        planned = {call.key for calls in self.routine.planned.values() for call in calls}
        for call in [self.anchor] if number == 1 else self.world.calls(step.tool):
            if number == 1 or (call.key not in planned and self.world.is_next(call)):
                found = fit_args(step, call.args, self.frame)
                if found is not None and not found.keys() & self.absent and self._all_known(found):
                    return found
        return None

    def _all_known(self, found: Solution) -> bool:
        return all(self._knows(value) for value in found.values())

    def _knows(self, value: JSONValue) -> bool:
        before = self.segment.rounds[self.start].start
        return all(
            repr(leaf) in self.spoken or self.run.known(leaf, before=before)
            for leaf in iterate_scalars(value)
        )

    def _solved_list(self, number: int, step: Step, over: Map) -> list[JSONValue]:
        """The list of a map over a parameter: every call of the tool whose arguments are known already."""
        ahead = self.world.copy()
        calls: dict[str, Call] = {}
        while fresh := [call for call in self._items(number, step, ahead) if call.key not in calls]:
            for call in fresh if step.effect.is_read else fresh[:1]:  # a write changes which calls can follow
                if len(calls) < over.limit:
                    calls.setdefault(call.key, call)
                    found = ahead.find(call.key)
                    if found is not None and not step.effect.is_read:
                        ahead.write(call.key, found[0])
            if step.effect.is_read or len(calls) >= over.limit:
                break
        if not calls or (number == 1 and self.anchor.key not in calls):
            raise _Inapplicable
        return [_as_item(step, call.args) for call in calls.values()]

    def _items(self, number: int, step: Step, ahead: RecordedWorld) -> Iterator[Call]:
        if number == 1:
            if not _can_make(step, self.anchor.args):
                raise _Inapplicable
            yield self.anchor
        fixed = {name: binding for name, binding in step.args.items() if not uses_item(binding)}
        for call in ahead.calls(step.tool):
            held = all(
                same(resolve(b, self.frame), call.args.get(name, MISSING)) for name, b in fixed.items()
            )
            opened = {name: value for name, value in call.args.items() if name not in fixed}
            fresh = step.effect.is_read or ahead.is_next(call)
            if held and fresh and _can_make(step, call.args) and self._all_known(opened):
                yield call


def _collect_parameter_names(step: Step) -> set[str]:
    bindings = [*step.args.values(), *(step.over.bindings if step.over else [])]
    return {leaf.name for binding in bindings for leaf in list_leaves(binding) if isinstance(leaf, Parameter)}


def _can_make(step: Step, args: dict[str, JSONValue]) -> bool:
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


def _bound_fan(outputs: dict[int, JSONValue], step: Step) -> int:
    sizes = [len(outputs[used]) for used in step.depends_on if isinstance(outputs.get(used), list)]
    return max(sizes, default=1)
