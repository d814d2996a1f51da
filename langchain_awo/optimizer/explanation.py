"""Why a routine that somebody knows is compiled, or is not: facts about each of its steps, and what would change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.optimizer.dataflow.account import ArgumentAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrial:
    """How often a step made exactly the recorded call, on tasks it was not found in.

    Attributes:
        bound: lower confidence bound of the share, and `wanted` what it must reach.
    """

    agree: int
    total: int
    bound: float
    wanted: float

    @property
    def is_passed(self) -> bool:
        """Whether the bound is reached."""
        return self.bound >= self.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedStep:
    """One step of the routine, looked at in the places where the steps before it were made.

    Attributes:
        follows: places in which the agents went on to it, of `places`.
        elsewhere: what they did next in the others, by how often; `""` stands for an answer.
        arguments: of the recorded calls, with what explains each.
        call: the step in notation, if its arguments can be bound or asked for.
        trial: `None` where there was nothing to try.
        condition: what was found to explain when agents go on, as a sentence.
        obstacles: why it would not become a step, and `remedies` what would change that.
    """

    tool: str
    effect: str
    follows: int
    places: int
    tasks: int
    elsewhere: tuple[tuple[str, int], ...] = ()
    arguments: tuple[ArgumentAccount, ...] = ()
    call: str = ""
    trial: StepTrial | None = None
    condition: str = ""
    obstacles: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What the whole routine would save in these traces, chosen blindly.

    Attributes:
        saved: model calls.
        in_vain: tool calls that the agents did not make.
        worth: model calls saved, less what was fetched in vain, and `least` what it must be to pay for a meta-tool.
        unwanted_writes: writes that the agents did not make.
    """

    saved: int
    in_vain: int
    worth: float
    least: float
    unwanted_writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a routine is compiled or not.

    Attributes:
        compiled: names of the meta-tools that go through these steps.
        gain: `None` if a step cannot be made at all.
        otherwise: why it is not compiled if no step stands in the way.
        remedies: what would change the verdict, each a sentence.
    """

    routine: tuple[str, ...]
    runs: int
    steps: tuple[ExplainedStep, ...]
    compiled: tuple[str, ...] = ()
    gain: Gain | None = None
    otherwise: str = "it adds too little"
    remedies: tuple[str, ...] = ()

    @property
    def obstacles(self) -> tuple[str, ...]:
        """All that stands in the way, in the order of the steps."""
        return tuple(each for step in self.steps for each in step.obstacles)

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {**asdict(self), "obstacles": list(self.obstacles)}

    def __str__(self) -> str:
        blocks = [
            _format_verdict(self),
            *("\n".join(_format_step(n, each)) for n, each in enumerate(self.steps, start=1)),
        ]
        if self.gain:
            blocks.append(_format_gain(self.gain))
        if self.remedies:
            blocks.append("\n".join(["What would change that:", *(f"  - {each}" for each in self.remedies)]))
        return "\n\n".join(blocks)


def _format_verdict(found: Explanation) -> str:
    routine = " > ".join(found.routine)
    if found.compiled:
        return f"{routine}\nCompiled: {', '.join(found.compiled)}."
    return f"{routine}\nNot compiled: {(*found.obstacles, found.otherwise)[0]}."


def _format_step(number: int, step: ExplainedStep) -> Iterator[str]:
    where = f"in {format_count(step.places, 'place')} of {format_count(step.tasks, 'task')}"
    begins = f"starts {where}"
    follows = f"follows in {step.follows:,} of {format_count(step.places, 'place')}"
    yield f"{number}  {step.tool} ({step.effect}): {begins if number == 1 else follows}"
    if step.elsewhere:
        ways = (f"{tool or 'an answer'} ({count:,})" for tool, count in step.elsewhere)
        yield f"    elsewhere, agents went on to {', '.join(ways)}"
    yield from (f"    {_format_argument(each)}" for each in step.arguments)
    if step.trial:
        told = "" if step.trial.is_passed else f", needs {step.trial.wanted:.2f}"
        yield f"    reproduced in {step.trial.agree:,} of {step.trial.total:,} held-out places: lower bound {step.trial.bound:.2f}{told}"
    if step.condition:
        yield f"    {step.condition}"
    yield from (f"    in the way: {each}" for each in step.obstacles)


def _format_argument(account: ArgumentAccount) -> str:
    seen = f"{account.agree:,} of {format_count(account.calls, 'call')}"
    if account.is_explained:
        return f"{account.name} = {account.source} in {seen}"
    nearest = f"; nearest is {account.source}, in {seen}" if account.source else ""
    return f"{account.name} is not explained ({format_count(account.values, 'value')} in {account.calls:,} calls){nearest}"


def _format_gain(gain: Gain) -> str:
    written = (
        f"; it would make {format_count(gain.unwanted_writes, 'write')} that the agents did not"
        if gain.unwanted_writes
        else ""
    )
    return (
        f"Gain in these traces: {format_count(gain.saved, 'model call')} saved and {format_count(gain.in_vain, 'tool call')} made in vain, "
        f"worth {gain.worth:,.1f} model calls; at least {gain.least:,.1f} are needed{written}."
    )
