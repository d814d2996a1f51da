"""The notation of meta-tools read back: what `format_meta_tool` prints is what `parse_meta_tool` reads.

>>> found = parse_meta_tool('''
... refund_status(email)
...   1  find_user(email=$email)                # reads
...   2  get_order(order_id=#1/orders/*)        # reads, once for each item, at most 20
... ''')
>>> found.steps[1].over
Map(source=Output(step=1, path='/orders/*', kind='output'), limit=20, filter=None)

Only the form is checked: whether a routine could be run says `check_meta_tool`. What the notation does not show (descriptions, schemas,
the mode, evidence but that of guards) is left at its default, and what stands behind the `#` of the head is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias, cast

from langchain_awo.errors import NotationError
from langchain_awo.model.ir.binding import (
    Binding,
    Constant,
    Item,
    Leaf,
    Parameter,
    list_leaves,
    with_leaves,
)
from langchain_awo.model.ir.metatool import (
    Condition,
    Filter,
    Guard,
    GuardEvidence,
    Map,
    MetaTool,
    ParameterSpec,
    Step,
    Test,
    UseEvidence,
)
from langchain_awo.model.ir.pointer import split_list
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import COMPARISONS, EFFECT_WORDS
from langchain_awo.model.views.notation_bindings import Part, read_binding, read_list, read_more
from langchain_awo.model.views.notation_scanner import Scanner

_REST: Final = re.compile(r"[^\n]*")
_TESTS: Final = ("given", "empty", "nonempty")
_EFFECTS: Final = sorted(EFFECT_WORDS, key=lambda effect: -len(EFFECT_WORDS[effect]))

Args: TypeAlias = dict[str, Binding]


def parse_meta_tools(text: str) -> list[MetaTool]:
    """Every meta-tool of a text; between two there is an empty line.

    Raises:
        NotationError: the text is not in the notation.
    """
    return _read(
        text, lambda scan: [_read_meta_tool(scan) for _ in iter(lambda: _skip_empty_lines(scan), False)]
    )


def parse_meta_tool(text: str) -> MetaTool:
    """The one meta-tool of a text.

    Raises:
        NotationError: the text is not in the notation, or has none or several.
    """
    found = parse_meta_tools(text)
    if len(found) != 1:
        raise NotationError(f"expected one meta-tool, found {len(found)}", line=1, column=1)
    return found[0]


def _read(text: str, part: Callable[[Scanner], Part]) -> Part:
    scan = Scanner(text)
    try:
        found = part(scan)
    except RecursionError:
        raise NotationError("nested too deeply to be read", line=1, column=1) from None
    if not scan.is_at_end:
        scan.fail("the end")
    return found


def _skip_empty_lines(scan: Scanner) -> bool:
    """Reads over empty lines."""
    while True:
        start = scan.at
        scan.skip_spaces()
        if not scan.take("\n"):
            empty = scan.is_at_end
            scan.at = start
            return not empty


def _read_meta_tool(scan: Scanner) -> MetaTool:
    name = scan.name("the name of a meta-tool")
    parameters = read_list(scan, _read_parameter, "(", ")")
    _end_head(scan)
    steps: list[Step] = []
    while scan.take(" "):
        scan.skip_spaces()
        if scan.is_at_end or scan.take("\n"):
            break
        steps.append(_read_step(scan, len(steps) + 1))
    return MetaTool(name=name, description="", parameters=tuple(parameters), steps=tuple(steps))


def _read_parameter(scan: Scanner) -> ParameterSpec:
    name = scan.name("the name of a parameter")
    return ParameterSpec(name=name, required=not scan.take("?"))


def _end_head(scan: Scanner) -> None:
    scan.skip_spaces()
    if scan.take("#"):
        scan.match(_REST)
    _end_line(scan)


def _end_line(scan: Scanner) -> None:
    scan.skip_spaces()
    if not scan.is_at_end:
        scan.expect("\n", fix="one call stands on one line, with what it does behind ` # `")


class _Clauses(NamedTuple):
    """What stands behind a call; a list is known by its binding, or only as that of the items."""

    effect: Effect = Effect.UNKNOWN
    source: Binding | None = None
    limit: int = 0
    filter: Filter | None = None
    guard: Guard | None = None
    never_empty: bool = False
    hide: tuple[str, ...] = ()


def _read_step(scan: Scanner, number: int) -> Step:
    scan.expect(str(number), fix=f"steps are numbered one by one, and this is step {number}")
    scan.expect(" ")
    scan.skip_spaces()
    tool = scan.name("the name of a tool")
    named = read_list(scan, _read_argument, "(", ")")
    args: Args = {name: binding for name, binding, _ in named}
    optional = tuple(name for name, _, is_optional in named if is_optional)
    scan.skip_spaces()
    clauses = _read_clauses(scan) if scan.take("#") else _Clauses()
    args, over = _build_map(scan, args, clauses)
    _end_line(scan)
    return Step(
        tool=tool,
        args=args,
        optional=optional,
        over=over,
        guard=clauses.guard,
        effect=clauses.effect,
        never_empty=clauses.never_empty,
        hide={place: UseEvidence() for place in clauses.hide},
    )


def _read_argument(scan: Scanner) -> tuple[str, Binding, bool]:
    name = scan.name("the name of an argument")
    is_optional = scan.take("?")
    scan.expect("=", fix="an argument is written name=binding")
    return name, read_binding(scan), is_optional


def _build_map(scan: Scanner, args: Args, clauses: _Clauses) -> tuple[Args, Map | None]:
    """The arguments and the map of a step; where no list is named, places with `*` are those of the items."""
    if not clauses.limit:
        return args, None
    if clauses.source is not None:
        return args, Map(source=clauses.source, limit=clauses.limit, filter=clauses.filter)
    found = {leaf for binding in args.values() for leaf in list_leaves(binding) if _is_starred(leaf)}
    sources = {_find_list(leaf): leaf for leaf in found}
    if len(sources) != 1:
        scan.fail(
            "one list", fix="say `once for each item of #1/list` and call what stands in its items `item/...`"
        )

    def as_item(leaf: Leaf) -> Leaf:
        return Item(path=split_list(leaf.path)[1]) if _is_starred(leaf) else leaf  # type: ignore[union-attr]

    (source,) = sources
    items = {name: with_leaves(binding, as_item) for name, binding in args.items()}
    return items, Map(source=source, limit=clauses.limit, filter=clauses.filter)


def _is_starred(leaf: Leaf) -> bool:
    return not isinstance(leaf, Constant | Item) and "*" in leaf.path


def _find_list(leaf: Leaf) -> Binding:
    """The list that a place with `*` reads the elements of."""
    assert not isinstance(leaf, Constant)  # noqa: S101  # told by `_is_starred`
    elements = split_list(leaf.path)[0]
    return replace(leaf, path=elements.removesuffix("/*") if isinstance(leaf, Parameter) else elements)


def _read_clauses(scan: Scanner) -> _Clauses:
    scan.skip_spaces()
    effect = next((each for each in _EFFECTS if scan.take(EFFECT_WORDS[each])), None)
    if effect is None:
        scan.fail("what the step does", fix=f"say one of: {'; '.join(EFFECT_WORDS.values())}")
    found: dict[str, Any] = {"effect": effect}
    while scan.take(", "):
        found |= _read_clause(scan)
    return _Clauses(**found)


def _read_clause(scan: Scanner) -> dict[str, Any]:
    if scan.take("once for each item"):
        source = read_binding(scan) if scan.take(" of ") else None
        scan.expect(", at most ", fix="say how many items at most, such as `, at most 20`")
        return {"source": source, "limit": scan.integer()}
    if scan.take("where "):
        return {"filter": _read_filter(scan)}
    for otherwise in ("skip", "stop"):
        if scan.take(f"{otherwise} unless "):
            return {"guard": replace(_read_guard(scan), otherwise=cast("Any", otherwise))}
    if scan.take("never empty"):
        return {"never_empty": True}
    if scan.take("hides "):
        return {"hide": _read_hidden(scan)}
    return scan.fail(
        "a clause",
        fix="say `once for each item`, `where`, `skip unless`, `stop unless`, `never empty` or `hides`",
    )


def _read_filter(scan: Scanner) -> Filter:
    path = "" if scan.take("it") else scan.path() or scan.fail("a path or `it`")
    scan.expect(" is ")
    if scan.text.startswith("$", scan.at):
        named = read_binding(scan)
        return Filter(path=path, named=named if isinstance(named, Parameter) else scan.fail("a parameter"))
    values = [] if scan.take("nothing") else [scan.json()]
    while values and scan.take(" or "):
        values.append(scan.json())
    return Filter(path=path, values=tuple(values))


def _read_guard(scan: Scanner) -> Guard:
    first, *also = [_read_condition(scan), *read_more(scan, " and ", _read_condition)]
    guard = Guard(source=first.source, test=first.test, value=first.value, also=tuple(also))
    return replace(guard, evidence=_read_proof(scan)) if scan.take(" (") else guard


def _read_condition(scan: Scanner) -> Condition:
    source = read_binding(scan)
    for test, sign in COMPARISONS.items():
        if scan.take(f" {sign} "):
            return Condition(source=source, test=cast("Test", test), value=scan.json())
    word = next((each for each in _TESTS if scan.take(f" is {each}")), None)
    if word is None:
        scan.fail("a test", fix="say `==`, `in`, `>=`, `<=`, `is given`, `is empty` or `is nonempty`")
    return Condition(source=source, test=cast("Test", word), value=_read_test_value(scan))


def _read_test_value(scan: Scanner) -> Any:
    """The value behind a test that needs none; anything but a clause, a condition or the end."""
    rest = scan.text[scan.at : scan.at + 5]
    if not rest.startswith(" ") or rest.startswith((" (", " and ")) or not rest.strip(" \n"):
        return None
    scan.expect(" ")
    return scan.json()


def _read_proof(scan: Scanner) -> GuardEvidence:
    followed = scan.integer()
    scan.expect(" of ")
    held = scan.integer()
    scan.expect(", and ")
    left = scan.integer()
    scan.expect(" of ")
    others = scan.integer()
    scan.expect(" others did not)")
    return GuardEvidence(held=held, followed=followed, others=others, others_followed=others - left)


def _read_hidden(scan: Scanner) -> tuple[str, ...]:
    places = [scan.path(), *read_more(scan, ", ", Scanner.path)]
    if scan.take(" and "):
        scan.fail("every hidden place", fix="print the meta-tool with whole=True")
    return tuple(places)
