"""Small random routines, and worlds that answer them, in which one interpreter could differ from another."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import get_args

from langchain_awo.model.ir.binding import Argument, Constant, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Condition, Filter, Guard, Map, MetaTool, ParameterSpec, Step, Test
from langchain_awo.model.text.encoding import compute_digest, dumps
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import build_corpus

EFFECTS = {"get_a": Effect.READ, "get_b": Effect.READ, "get_c": Effect.READ, "set_w": Effect.WRITE}
SCALARS = [0, 1, True, False, 1.0, "", "x1", "x2", None]
LISTS = [
    [],
    ["x1", "x2", "x1"],
    [1, True, 1.0],
    [{"id": "x1"}, {"id": None}, {}],
    [{"id": "x1", "of": None}, {"id": None, "of": "x2"}],
    ["x1", "x2", "x3", "x4"],
]
OUTPUTS = [
    *({"id": value, "list": found} for value in SCALARS for found in LISTS),
    *({"list": found} for found in LISTS),
    {"id": "x1", "list": None},
    {"id": "x2"},
    {},
    [],
    "",
    None,
    "Unable to lock it",
    {"ok": False, "id": "x1", "list": ["x1"]},
]
FAILURE = "no such thing"
PATHS = ["/id", "/id", "/list/0", "/list", ""]


@dataclass(slots=True)
class ToolsWorld:
    """Tools that always answer the same call alike; `asked` is what they were asked, in order."""

    seed: int
    asked: list[tuple[str, dict, object]] = field(default_factory=list)

    def answer(self, tool, args):
        """An output, or `FAILURE`."""
        number = int(compute_digest([self.seed, tool, args])[:8], 16)
        found = FAILURE if number % 17 == 0 else OUTPUTS[number % len(OUTPUTS)]
        self.asked.append((tool, args, found))
        return found

    def recorded(self):
        """The corpus of one run in which an agent asked the same, one call after the other."""
        words = " ".join(["x1 x2 x3 x4 null", *map(dumps, SCALARS)])
        calls = tuple(_record(number, *each) for number, each in enumerate(self.asked))
        trace = Trace(
            trace_id="t",
            task_id="t",
            messages=(Message(role="user", text=words, before=0),),
            model_calls=tuple(ModelCallRecord() for _ in calls),
            tool_calls=calls,
        )
        return build_corpus([trace], declared=EFFECTS)


def _record(number, tool, args, output):
    failed = output == FAILURE
    shown = dumps(output) if isinstance(output, dict) and number % 2 else output
    return ToolCallRecord(
        call_id=f"c{number}",
        name=tool,
        args=args,
        output=shown,
        status="error" if failed else "ok",
        error=FAILURE if failed else None,
        model_call=number,
    )


def make_routine(chance: Random) -> MetaTool:
    """An anchor that reads, and up to three steps that use what came before."""
    args = {"k": Parameter(name="p"), "o": Parameter(name="q")}
    steps = [
        Step(tool="get_a", args=args, optional=("o",), effect=Effect.READ, never_empty=_one_in(chance, 2))
    ]
    for number in range(2, chance.randint(2, 4) + 1):
        steps.append(_step(chance, number, steps))
    specs = tuple(ParameterSpec(name=name, required=name == "p") for name in "pqr")
    return MetaTool(name="m", description="", steps=tuple(steps), parameters=specs)


def make_parameters(chance: Random) -> dict:
    """What the routine is called with."""
    names = "pqr" if _one_in(chance, 2) else "pr"
    return {name: chance.choice(SCALARS) for name in names}


def _one_in(chance, number):
    return chance.randrange(number) == 0


def _step(chance, number, before):
    tool = chance.choice([*EFFECTS, "get_b"])
    args, over = {"k": _place(chance, number, before)}, None
    if _one_in(chance, 3):
        others = [_place(chance, number, before), Parameter(name="r"), Parameter(name="q")]
        args["o"] = chance.choice(others)
    if _one_in(chance, 3):
        over = _map(chance, number)
        args["k"] = Item(path=chance.choice(["", "/id"]))
        args |= {"o": Item(path="/of")} if _one_in(chance, 4) else {}
    return Step(
        tool=tool,
        args=args,
        optional=tuple(name for name in args if _one_in(chance, 4)),
        over=over,
        guard=_guard(chance, number, before) if _one_in(chance, 2) else None,
        effect=EFFECTS[tool],
        never_empty=EFFECTS[tool] is Effect.READ and _one_in(chance, 2),
    )


def _place(chance, number, before):
    singles = [at for at, step in enumerate(before, start=1) if step.over is None]
    return chance.choice(
        [
            Output(step=chance.randrange(1, number), path=chance.choice(PATHS)),
            Argument(step=chance.choice(singles), path=chance.choice(["/k", "/o"])),
            Constant(value=chance.choice(SCALARS)),
        ]
    )


def _map(chance, number):
    source = Output(step=chance.randrange(1, number), path=chance.choice(["/list", "/list/*"]))
    named = Parameter(name=chance.choice("pqr")) if _one_in(chance, 3) else None
    values = () if named else tuple(chance.sample(SCALARS, chance.randint(1, 2)))
    kept = Filter(path="/id", values=values, named=named)
    return Map(source=source, limit=chance.randint(1, 3), filter=kept if _one_in(chance, 3) else None)


def _guard(chance, number, before):
    first = _condition(
        chance, chance.choice([_place(chance, number, before), Parameter(name=chance.choice("pqr"))])
    )
    also = (_condition(chance, _place(chance, number, before)),) if _one_in(chance, 3) else ()
    otherwise = "stop" if _one_in(chance, 3) else "skip"
    return Guard(source=first.source, test=first.test, value=first.value, also=also, otherwise=otherwise)


def _condition(chance, source):
    test = chance.choice(get_args(Test))
    value = chance.choice([0, 1, "x1"] if test.startswith("at_") else SCALARS)
    return Condition(source=source, test=test, value=[value, "x2"] if test == "one_of" else value)
