"""Makes up the tools of a world, with the truth about where their arguments come from."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from langchain_awo.model.trace.effect import Effect
from langchain_awo.testing.world_outputs import LEAD, WORDS, Field, FieldKind, Shape
from langchain_awo.testing.worlds import (
    Fixed,
    Flow,
    From,
    Made,
    Noise,
    Said,
    Same,
    ToolWorld,
    WorldTool,
)

NOUNS: Final = (
    "customer", "order", "shipment", "product", "invoice", "ticket", "contract", "payment", "warehouse", "review",
)  # fmt: skip
VERBS: Final = ("get", "find", "list", "lookup")
SHAPES: Final[tuple[Shape, ...]] = (
    "value", "value", "json_text", "python_text", "key_value_text", "bare_text", "prose_text",
)  # fmt: skip
ONE_FIELD: Final = ("bare_text", "prose_text")
"""Shapes of tools that return a single value."""


def generate_world(
    seed: int, *, tools: int = 6, noise: Noise | None = None, coincidence: float = 0.3
) -> ToolWorld:
    """A world of tools that call for each other's outputs; the last one may write.

    Args:
        seed: all else depends on it.
        tools: how many there are, two to ten.
        noise: what agents do besides the routine.
        coincidence: how often a decoy holds the value of the place beside it.

    Raises:
        ValueError: it cannot have that many tools.
    """
    if not 1 < tools <= len(NOUNS):
        raise ValueError(f"a world has 2 to {len(NOUNS)} tools, not {tools}")
    chance = random.Random(f"world {seed}")  # noqa: S311  # made-up data, not a secret
    drafts = _draw_drafts(chance, tools)
    for number in range(1, len(drafts)):
        _bind(drafts, number, chance, coincidence)
    built = tuple(draft.finish(chance) for draft in drafts)
    return ToolWorld(seed=seed, tools=built, noise=noise or Noise())


@dataclass(slots=True)
class _Draft:
    """A tool on the way; its fields are made as later tools ask for them."""

    name: str
    noun: str
    effect: Effect
    shape: Shape
    flows: list[Flow] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)

    each: From | None = None

    def finish(self, chance: random.Random) -> WorldTool:
        """The tool, with more fields: an echo of an argument, values that stand everywhere."""
        if self.shape not in ONE_FIELD:
            if chance.random() < 0.5:  # noqa: PLR2004  # every other tool repeats what it was asked for
                argument = self.flows[0].argument
                self.fields.append(Field(pointer=f"/{argument}", kind="echo", of=argument))
            self.fields.append(Field(pointer="/state", kind="word"))
            self.fields.append(Field(pointer="/count", kind="common"))
            chance.shuffle(self.fields)
            self.fields.sort(key=lambda each: each.kind == "decoy")
        elif not self.fields:
            self.fields.append(Field(pointer="", kind="id", prefix=f"{self.noun}-"))
        return WorldTool(
            name=self.name,
            effect=self.effect,
            flows=tuple(self.flows),
            fields=tuple(self.fields),
            shape=self.shape,
            each=self.each,
        )


def _draw_drafts(chance: random.Random, count: int) -> list[_Draft]:
    nouns = chance.sample(NOUNS, count)
    writes = chance.random() < 0.4  # noqa: PLR2004  # some routines end in a write
    drafts = []
    for number, noun in enumerate(nouns):
        write = writes and number == count - 1
        verb = "update" if write else chance.choice(VERBS)
        effect = Effect.WRITE if write else Effect.READ
        drafts.append(_Draft(f"{verb}_{noun}", noun, effect, chance.choice(SHAPES)))
    first = drafts[0]
    first.flows = [Flow(argument=f"{first.noun}_key", source=Said())]
    if chance.random() < 0.4:  # noqa: PLR2004  # some start with two
        first.flows.append(Flow(argument="region", source=Said()))
    return drafts


def _bind(drafts: list[_Draft], number: int, chance: random.Random, coincidence: float) -> None:
    """Gives a tool its arguments; the first always flows from an earlier output."""
    own = drafts[number]
    source = chance.choice(drafts[max(0, number - 3) : number])
    asked = _ask_for_field(source, own, chance, coincidence, one=False)
    own.flows.append(Flow(argument=f"{own.noun}_id", source=asked))
    own.each = asked if isinstance(asked, From) and (source.each or "*" in asked.path) else None
    if own.each and own.shape == "prose_text":
        own.shape = (
            "bare_text"  # a sentence for each of several things would hide them from whoever comes after
        )
    kinds = chance.choices(["fixed", "said", "same", "place", "optional", "made"], [3, 2, 1, 3, 2, 3], k=2)
    kinds = kinds[: chance.choice((0, 1, 1, 2))]
    above = "" if {"said", "optional"} & set(kinds) else chance.choice(("", "", "options/", "options/0/"))
    for kind, name in zip(kinds, ("scope", "detail"), strict=False):
        own.flows.append(
            _draw_further_flow(kind, f"{above}{name}", drafts, number, chance=chance, coincidence=coincidence)
        )


def _draw_further_flow(
    kind: str, name: str, drafts: list[_Draft], number: int, *, chance: random.Random, coincidence: float
) -> Flow:
    first = drafts[0]
    single = [draft for draft in drafts[:number] if not draft.each]
    match kind:
        case "fixed":
            return Flow(argument=name, source=Fixed(chance.choice([*WORDS, 1, True, 50])))
        case "same":
            return Flow(argument=name, source=Same(first.name, first.flows[0].argument))
        case "place":
            asked = _ask_for_field(chance.choice(single), drafts[number], chance, coincidence, one=True)
            return Flow(argument=name, source=asked)
        case "made":
            return Flow(argument=name, source=_draw_made(chance.choice(single), drafts[number], chance))
        case "optional":
            return Flow(argument=name, source=Said(), present=chance.choice((0.3, 0.7)))
        case _:
            return Flow(argument=name, source=Said())


def _draw_made(source: _Draft, own: _Draft, chance: random.Random) -> From | Made:
    """Something made of a new field of an earlier tool; the tool's only value as it is, if it has just one."""
    if source.shape in ONE_FIELD:
        return _use_only_value(source, f"{own.noun}-")
    how, kind = chance.choice(MAKINGS)
    pointer = f"/{own.noun}_{how[0]}_{len(source.fields) * 'x'}".rstrip("_")
    source.fields.append(Field(pointer=pointer, kind=kind, prefix=f"{own.noun}+"))
    return Made(From(source.name, pointer), how)


MAKINGS: Final[tuple[tuple[tuple[str, ...], FieldKind], ...]] = (
    (("template", "Bearer ", ""), "id"),
    (("template", "/v1/", "/lines"), "number"),
    (("upper", ""), "id"),
    (("date_offset", "3"), "date"),
    (("date_offset", "-30"), "date"),
    (("date_format", "%d.%m.%Y"), "date"),
)
"""Simple ways to make an argument, and of what."""


def _ask_for_field(
    source: _Draft, own: _Draft, chance: random.Random, coincidence: float, *, one: bool
) -> From | Made:
    """A new field in an earlier tool for a value that a later one takes; a single value if it may not be a list."""
    prefix = f"{own.noun}{'' if one else 's'}-"
    if source.shape in ONE_FIELD and not (source.each and not source.fields):
        return _use_only_value(source, prefix)
    if source.shape in ONE_FIELD:
        source.shape = "json_text"
    return _add_field(source, own, prefix, chance, coincidence, one=one or source.each is not None)


def _use_only_value(source: _Draft, prefix: str) -> From | Made:
    """The only value of a tool."""
    if not source.fields:
        source.fields.append(Field(pointer="", kind="id", prefix=prefix))
    place = From(source.name, "")
    return Made(place, ("token_after", LEAD)) if source.shape == "prose_text" else place


def _add_field(
    source: _Draft, own: _Draft, prefix: str, chance: random.Random, coincidence: float, *, one: bool
) -> From:
    kinds: list[FieldKind] = ["id", "id", "number"] if one else ["id", "id", "ids", "records", "keyed"]
    kind = chance.choice(kinds)
    if own.effect is not Effect.READ and kind in ("ids", "records", "keyed"):
        kind = "id"
    above = chance.choice(("", "/data", "/info/more"))
    pointer = f"{above}/{own.noun}_{'ref' if not one else 'note'}_{len(source.fields) * 'x'}".rstrip("_")
    source.fields.append(Field(pointer=pointer, kind=kind, prefix=prefix))
    if kind == "id" and chance.random() < 0.6:  # noqa: PLR2004  # most have a place that is equal by chance
        source.fields.append(
            Field(
                pointer=f"{above}/other_{own.noun}_{len(source.fields) * 'x'}",
                kind="decoy",
                prefix=prefix,
                of=pointer,
                chance=coincidence,
            )
        )
    inside = {"ids": "/*", "records": "/*/id", "keyed": "/*/id"}.get(kind, "")
    return From(source.name, f"{pointer}{inside}")
