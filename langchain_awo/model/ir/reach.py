"""Which tools reach out: calls whose arguments choose an address, a path or a search in free text.

Such a read sends what it is given to whoever is addressed. It is never made unasked, and what another tool returned is
never put into it: outputs are written by others, and may hold secrets of one person and instructions of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from langchain_awo.model.ir.binding import (
    Argument,
    Binding,
    Constant,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Template,
    Transform,
    iterate_parts,
    list_leaves,
)
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.words import split_words
from langchain_awo.model.trace.trace import ToolSpec

Kind: TypeAlias = Literal["address", "path", "query", "mail"]
"""What an argument chooses. A mail address may be looked up as another tool returned it; only text around it is not added."""

Reach: TypeAlias = Mapping[str, Kind]
"""The arguments of a tool that reach out; `""` stands for all of its arguments."""

_NAMES: Final[dict[Kind, frozenset[str]]] = {
    "address": frozenset(
        [
            "url",
            "urls",
            "uri",
            "uris",
            "href",
            "link",
            "links",
            "host",
            "hosts",
            "hostname",
            "domain",
            "endpoint",
            "webhook",
            "callback",
            "ip",
            "site",
            "website",
            "server",
            "proxy",
            "feed",
            "webpage",
        ]
    ),
    "path": frozenset(["path", "paths", "file", "filepath", "filename", "directory", "dir", "folder"]),
    "query": frozenset(
        [
            "query",
            "queries",
            "q",
            "search",
            "text",
            "prompt",
            "question",
            "keyword",
            "keywords",
            "term",
            "terms",
            "sql",
            "code",
            "script",
            "command",
            "jql",
            "cql",
            "filter_text",
        ]
    ),
    "mail": frozenset(["email", "emails", "mail", "recipient", "to", "cc", "bcc"]),
}
_DESTINATIONS: Final = (["recipient"], ["recipients"], ["to"], ["cc"], ["bcc"])
_NO_ADDRESS: Final = frozenset(
    ["id", "ids", "type", "count", "status", "limit", "size", "number", "index", "kind"]
)
"""After one of these words an argument is a key: `host_id`, `file_type`."""

_FORMATS: Final[dict[str, Kind]] = {
    **dict.fromkeys(
        ("uri", "uri-reference", "iri", "iri-reference", "uri-template", "url", "hostname", "idn-hostname"),
        "address",
    ),
    **dict.fromkeys(("ipv4", "ipv6"), "address"),
    **dict.fromkeys(("path", "file-path", "directory-path"), "path"),
    **dict.fromkeys(("email", "idn-email"), "mail"),
}
_OPEN_WORLD: Final = frozenset(
    [
        "web",
        "internet",
        "http",
        "https",
        "dns",
        "ping",
        "whois",
        "url",
        "website",
        "webpage",
        "crawl",
        "scrape",
        "browse",
        "browser",
        "google",
        "bing",
        "duckduckgo",
        "brave",
        "tavily",
        "serp",
        "wikipedia",
        "arxiv",
        "webhook",
        "host",
        "nslookup",
        "curl",
        "wget",
        "traceroute",
    ]
)
_OPEN_WORDS: Final = re.compile(
    r"(?i)\bweb ?pages?\b|\bweb ?sites?\b|\bthe (?:open )?(?:web|internet)\b|\bdns\b|\bhost ?names?\b|\bsearch engines?\b"
)
_URL: Final = re.compile(r"(?i)[a-z][a-z0-9+.-]{1,20}://|www\.|mailto:|data:|javascript:")
_HOST: Final = re.compile(
    r"(?i)(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|example|test|local|internal|eu|de|uk|fr|co)(?:[:/].*)?|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?"
)
_PATH: Final = re.compile(r"(?:/|~/|\.{1,2}/|[A-Za-z]:\\)\S.*|\S+/\S+\.[A-Za-z]\w{0,4}")


def reach_of(spec: ToolSpec, values: Mapping[str, Iterable[str]] | None = None) -> Reach:
    """The arguments of a tool that reach out, by name, schema, observed values, and words of the tool.

    Args:
        spec: the tool as it is known.
        values: texts that each argument was called with.

    >>> reach_of(ToolSpec(name="get_page"), {"target": ["https://a.example/1"]})
    {'target': 'address'}
    """
    properties = spec.parameters.get("properties")
    schemas: dict[str, Any] = dict(properties) if isinstance(properties, Mapping) else {}
    observed = dict(values or {})
    kinds: dict[str, Kind] = {}
    for name in sorted({*schemas, *observed}):
        if kind := _determine_kind(name, schemas.get(name, {}), observed.get(name, ())):
            kinds[name] = kind
    if _is_open_world(spec) and any(_takes_text(schemas.get(name, {})) for name in {*schemas, *observed}):
        kinds[""] = "address"
    return kinds


def reaches_out(reach: Reach) -> bool:
    """Whether calls of such a tool are never made unasked; looking a mail address up may be."""
    return any(kind != "mail" for kind in reach.values())


def find_leak(meta_tool: MetaTool, reach: Mapping[str, Reach]) -> tuple[int, str] | None:
    """The first step that hands what another tool returned to a tool that reaches out, with the argument, or `None`.

    Args:
        meta_tool: the routine.
        reach: of each tool that is not trusted.
    """
    for number, step in enumerate(meta_tool.steps, start=1):
        if argument := find_leaking_argument(step, meta_tool.steps, reach.get(step.tool)):
            return number, argument
    return None


def find_leaking_argument(step: Step, steps: Sequence[Step], reach: Reach | None) -> str:
    """The argument of a step that takes an output out, or `""`; a trusted tool has no reach at all."""
    if reach is None:
        return ""
    everything = _is_for_somebody(step) or any(
        kind == "address" and (not name or name in step.args) for name, kind in reach.items()
    )
    for name, binding in step.args.items():
        kind = "address" if everything else reach.get(name)
        if any(
            _leaks(part, inner, step, steps)
            for part, inner in _iterate_parts(binding, kind or _classify_name(name))
        ):
            return name
    return ""


def list_fixed_texts(steps: Iterable[Step]) -> dict[str, dict[str, list[str]]]:
    """What steps say to each argument of each tool, whoever asks: constants, and what templates begin with."""
    found: dict[str, dict[str, list[str]]] = {}
    for step in steps:
        over = list(_fixed(step.over.source)) if step.over else []
        for name, binding in step.args.items():
            items = over if any(isinstance(leaf, Item) for leaf in list_leaves(binding)) else []
            found.setdefault(step.tool, {}).setdefault(name, []).extend([*_fixed(binding), *items])
    return found


def _fixed(binding: Binding) -> Iterator[str]:
    for part in iterate_parts(binding):
        if isinstance(part, Constant):
            yield from _texts(part.value)
        elif isinstance(part, Template):
            yield part.prefix


def _texts(value: JSONValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for member in value.values():
                yield from _texts(member)
        case list():
            for element in value:
                yield from _texts(element)
        case _:
            pass


def _is_for_somebody(step: Step) -> bool:
    """Whether a read names one and the same person to get it, whoever asks."""
    return step.effect.is_read and any(
        isinstance(binding, Constant) and split_words(name)[-1:] in _DESTINATIONS
        for name, binding in step.args.items()
    )


def _iterate_parts(binding: Binding, kind: Kind | None) -> Iterator[tuple[Binding, Kind | None]]:
    """The scalar bindings of an argument; members of objects may reach out by their own names."""
    match binding:
        case ObjectOf(members=members):
            for name, member in members.items():
                yield from _iterate_parts(member, kind or _classify_name(name))
        case ListOf(elements=elements):
            for element in elements:
                yield from _iterate_parts(element, kind)
        case _:
            yield binding, kind


def _leaks(binding: Binding, kind: Kind | None, step: Step, steps: Sequence[Step]) -> bool:
    if kind is None or (kind == "mail" and not _adds_text(binding)):
        return False
    return _is_from_output(binding, step, steps)


def _adds_text(binding: Binding) -> bool:
    match binding:
        case Template():
            return True
        case Transform(source=source):
            return _adds_text(source)
        case _:
            return False


def _is_from_output(binding: Binding, step: Step, steps: Sequence[Step]) -> bool:
    """Whether any part of a value is what a tool returned, also by way of an earlier step's argument."""
    for leaf in list_leaves(binding):
        match leaf:
            case Output():
                return True
            case Item() if step.over is None or _is_from_output(step.over.source, step, steps):
                return True
            case Argument(step=number, path=path):
                earlier = steps[number - 1]
                name = path.split("/")[1] if "/" in path else ""
                source = earlier.args.get(name.replace("~1", "/").replace("~0", "~"))
                if source is None or _is_from_output(source, earlier, steps):
                    return True
            case _:
                pass
    return False


def _determine_kind(name: str, schema: JSONValue, values: Iterable[str]) -> Kind | None:
    if not _takes_text(schema):
        return None
    for form in _iterate_formats(schema):
        if form in _FORMATS:
            return _FORMATS[form]
    texts = list(values)
    if any(_URL.match(text) for text in texts):
        return "address"
    if texts and sum(bool(_HOST.fullmatch(text)) for text in texts) * 2 >= len(texts):
        return "address"
    named = _classify_name(name) or next(
        iter(filter(None, map(_classify_name, _iterate_members(schema)))), None
    )
    return named or ("path" if any(_PATH.fullmatch(text) for text in texts) else None)


def _classify_name(name: str) -> Kind | None:
    """What an argument of this name chooses; words at its end say what it is, `host_id` is a key."""
    words = split_words(name)
    if not words or words[-1] in _NO_ADDRESS or (words[-1] == "code" and words[0] not in _LANGUAGES):
        return None
    for kind, names in _NAMES.items():
        if kind == "mail" and words[-1] in names and (len(words) == 1 or words[-1] not in ("to", "cc")):
            return kind
        if kind != "mail" and (
            words[-1] in names or (len(words) > 1 and words[-2] in names and words[-1] in _TAILS)
        ):
            return kind
    return None


_LANGUAGES: Final = frozenset(["code", "source", "python", "js", "javascript", "shell", "program"])
"""Before `code`, which is a key elsewhere: `promo_code`."""

_TAILS: Final = frozenset(
    ["name", "names", "path", "text", "string", "address", "expression", "s", "list", "to"]
)
"""Words that leave what stands before them what it is: `domain_name`, `search_text`."""


def _iterate_formats(schema: JSONValue) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(form := schema.get("format"), str):
            yield form
        for inner in (schema.get("items"), *_list_options(schema)):
            yield from _iterate_formats(inner)


def _iterate_members(schema: JSONValue) -> Iterator[str]:
    """Names of the members of an object, or of the objects of a list."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            yield from properties
        for inner in (schema.get("items"), *_list_options(schema)):
            yield from _iterate_members(inner)


def _list_options(schema: Mapping[str, Any]) -> list[Any]:
    options = [schema.get(key) for key in ("anyOf", "oneOf", "allOf")]
    return [form for option in options if isinstance(option, list) for form in option]


def _takes_text(schema: JSONValue) -> bool:
    """Whether any text may be given; a number, a flag or one of some listed values takes nothing out."""
    if not isinstance(schema, Mapping):
        return True
    if "enum" in schema or "const" in schema:
        return False
    if options := _list_options(schema):
        return any(_takes_text(option) for option in options if option != {"type": "null"})
    kinds = schema.get("type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return not set(listed) <= {"integer", "number", "boolean", "null"}


def _is_open_world(spec: ToolSpec) -> bool:
    is_declared = spec.hints.get("openWorldHint") is True
    return (
        is_declared
        or bool(_OPEN_WORLD & set(split_words(spec.name)))
        or bool(_OPEN_WORDS.search(spec.description[:1_000]))
    )
