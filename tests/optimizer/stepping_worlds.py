"""Small random routines, and worlds that answer them, in which one interpreter could differ from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from langchain_awo.model.binding import Argument, Constant, Item, Output, Parameter
from langchain_awo.model.effect import Effect
from langchain_awo.model.encoding import digest, dumps
from langchain_awo.model.metatool import Condition, Filter, Guard, Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace import Message, ModelCallRecord, ToolCallRecord, Trace
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
PATHS = st.sampled_from(["/id", "/id", "/list/0", "/list", ""])
TESTS = st.sampled_from(["given", "empty", "nonempty", "equals", "one_of", "at_least", "at_most"])


@dataclass(slots=True)
class ToolsWorld:
    """Tools that always answer the same call alike; `asked` is what they were asked, in order."""

    seed: int
    asked: list[tuple[str, dict, object]] = field(default_factory=list)

    def answer(self, tool, args):
        """An output, or `FAILURE`."""
        number = int(digest([self.seed, tool, args])[:8], 16)
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


@st.composite
def routines(draw: st.DrawFn) -> MetaTool:
    """An anchor that reads, and up to three steps that use what came before."""
    anchor = Step(
        tool="get_a",
        args={"k": Parameter(name="p"), "o": Parameter(name="q")},
        optional=("o",),
        effect=Effect.READ,
        never_empty=draw(st.booleans()),
    )
    steps = [anchor]
    for number in range(2, draw(st.integers(2, 4)) + 1):
        steps.append(draw(_steps(number, steps)))
    names = ("p", "q", "r")
    specs = tuple(ParameterSpec(name=name, required=name == "p") for name in names)
    return MetaTool(name="m", description="", steps=tuple(steps), parameters=specs)


PARAMETERS = st.fixed_dictionaries(
    {"p": st.sampled_from(SCALARS), "r": st.sampled_from(SCALARS)}, optional={"q": st.sampled_from(SCALARS)}
)


@st.composite
def _steps(draw: st.DrawFn, number: int, before: Sequence[Step]) -> Step:
    tool = draw(st.sampled_from([*EFFECTS, "get_b"]))
    args = {"k": draw(_places(number, before))}
    if draw(st.integers(0, 2)) == 0:
        args["o"] = draw(
            _places(number, before) | st.sampled_from([Parameter(name="r"), Parameter(name="q")])
        )
    over = None
    if draw(st.integers(0, 2)) == 0:
        over = draw(_maps(number))
        args["k"] = Item(path=draw(st.sampled_from(["", "/id"])))
        if draw(st.integers(0, 3)) == 0:
            args["o"] = Item(path="/of")
    is_read = EFFECTS[tool] is Effect.READ
    return Step(
        tool=tool,
        args=args,
        optional=tuple(name for name in args if draw(st.integers(0, 3)) == 0),
        over=over,
        guard=draw(st.none() | _guards(number, before)),
        effect=EFFECTS[tool],
        never_empty=is_read and draw(st.booleans()),
    )


def _places(number: int, before: Sequence[Step]):
    singles = [at for at, step in enumerate(before, start=1) if step.over is None]
    return st.one_of(
        st.builds(Output, step=st.integers(1, number - 1), path=PATHS),
        st.builds(Argument, step=st.sampled_from(singles), path=st.sampled_from(["/k", "/o"])),
        st.builds(Constant, value=st.sampled_from(SCALARS)),
    )


@st.composite
def _maps(draw: st.DrawFn, number: int) -> Map:
    source = Output(step=draw(st.integers(1, number - 1)), path=draw(st.sampled_from(["/list", "/list/*"])))
    kept = Filter(path="/id", values=tuple(draw(st.lists(st.sampled_from(SCALARS), min_size=1, max_size=2))))
    return Map(source=source, limit=draw(st.integers(1, 3)), filter=draw(st.sampled_from([None, None, kept])))


@st.composite
def _guards(draw: st.DrawFn, number: int, before: Sequence[Step]) -> Guard:
    source = draw(_places(number, before) | st.builds(Parameter, name=st.sampled_from("pqr")))
    also = [Condition(source=draw(_places(number, before)), test="nonempty")] if draw(st.booleans()) else []
    return Guard(
        **_tested(draw, source), also=tuple(also), otherwise=draw(st.sampled_from(["skip", "skip", "stop"]))
    )


def _tested(draw: st.DrawFn, source):
    test = draw(TESTS)
    values = {"one_of": st.lists(st.sampled_from(SCALARS), max_size=2)}
    bounds = st.sampled_from([0, 1, "x1"])
    return {
        "source": source,
        "test": test,
        "value": draw(values.get(test, bounds if "at_" in test else st.sampled_from(SCALARS))),
    }
