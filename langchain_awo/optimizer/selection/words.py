"""What the names of tools say: verb, object, and what they go by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

VERBS: Final = frozenset(
    [
        "get",
        "find",
        "search",
        "list",
        "lookup",
        "look",
        "fetch",
        "read",
        "show",
        "check",
        "query",
        "retrieve",
        "view",
        "describe",
        "load",
        "count",
        "select",
        "calculate",
        "compute",
        "estimate",
        "predict",
        "compare",
        "verify",
        "validate",
        "locate",
        "browse",
        "display",
        "scan",
        "inspect",
        "resolve",
        "create",
        "update",
        "delete",
        "add",
        "remove",
        "send",
        "issue",
        "book",
        "cancel",
        "modify",
        "change",
        "set",
        "exchange",
        "return",
        "make",
        "submit",
        "open",
        "close",
        "post",
        "put",
        "move",
        "assign",
    ]
)
JOINTS: Final = frozenset({"by", "for", "from", "of", "in", "with", "to", "on", "via", "using", "per"})
GENERIC: Final = frozenset(
    [
        "details",
        "detail",
        "info",
        "information",
        "data",
        "record",
        "records",
        "id",
        "ids",
        "all",
        "full",
        "tool",
        "api",
        "result",
        "results",
        "up",
    ]
)

QUALITIES: Final = frozenset(["based", "available", "existing", "remaining", "related", "required"])
"""What is said of an object behind it: `car_types_available`, `zip_code_based_on_city`."""

UNCHANGED: Final = frozenset(
    [
        *("analytics", "goods", "news", "sales", "series", "species"),
        *(
            "availability",
            "baggage",
            "equipment",
            "feedback",
            "inventory",
            "luggage",
            "staff",
            "stock",
            "traffic",
            "weather",
        ),
    ]
)
"""Nouns with one form, in the singular and in the plural."""

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def split_name(name: str) -> list[str]:
    """The words of a tool's own name, without what stands before a dot or a double underscore, and without accents.

    >>> split_name("mcp__crm__listOpenOrders"), split_name("récupérer_client"), split_name("获取订单")
    (['list', 'open', 'orders'], ['recuperer', 'client'], ['获取订单'])
    """
    bare_name = re.split(r"\.|__", name.rstrip("._"))[-1]
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", bare_name) if not unicodedata.combining(letter)
    )
    return [word.casefold() for word in re.split(r"[\W_]+", _CAMEL.sub("_", plain)) if word]


def extract_object(tool: str) -> tuple[str, ...]:
    """What a tool is about, without its verb, what it goes by and words that say nothing.

    >>> [extract_object(name) for name in ("get_order_details", "find_user_id_by_email", "airline_get_user", "search")]
    [('order',), ('user',), ('user',), ('search',)]
    >>> extract_object("get_car_types_available"), extract_object("get_zipcode_based_on_city"), extract_object("estimate_distance")
    (('car', 'types'), ('zipcode',), ('distance',))
    """
    words = split_name(tool)
    verb = next((place for place, word in enumerate(words) if word in VERBS), None)
    after = words[verb + 1 :] if verb is not None else words
    joint = next((place for place, word in enumerate(after) if word in JOINTS), len(after))
    phrase = after[:joint]
    while len(phrase) > 1 and phrase[-1] in QUALITIES:
        phrase = phrase[:-1]
    nouns = [word for word in phrase if word not in GENERIC] or phrase
    before = [word for word in words[:verb] if word not in GENERIC] if verb else []
    return tuple(nouns or before or words or [tool])


def spell_object(tool: str) -> str:
    """What a tool is about, as a sentence says it; of a tool that finds an id, the id.

    >>> [spell_object(name) for name in ("get_hotels_prices", "find_user_id_by_email", "get_order_details")]
    ['hotel prices', 'user ID', 'order']
    """
    return f"{spell_nouns(extract_object(tool))}{' ID' if finds_id(tool) else ''}"


def spell_nouns(nouns: Sequence[str]) -> str:
    """Nouns that stand together; all but the last in the singular.

    >>> spell_nouns(("hotels", "prices"))
    'hotel prices'
    """
    return " ".join([*map(singularize, nouns[:-1]), nouns[-1]])


def finds_id(tool: str) -> bool:
    """Whether a tool returns the id of something, and not the thing itself.

    >>> finds_id("find_user_id_by_email"), finds_id("get_user_by_id"), finds_id("get_id")
    (True, False, False)
    """
    words = split_name(tool)
    before = [word for word in words if word not in VERBS]
    joint = next((place for place, word in enumerate(before) if word in JOINTS), len(before))
    return joint > 1 and before[joint - 1] in ("id", "ids")


def goes_by(tool: str, parameters: Iterable[str]) -> str:
    """What a tool is called with, in a word: from its name, else from its first parameter.

    >>> goes_by("find_user_id_by_name_zip", ["first_name"]), goes_by("get_user", ["user_id"])
    ('name', 'id')
    """
    words = split_name(tool)
    if "by" in words[:-1]:
        return words[words.index("by") + 1]
    first = next(iter(parameters), "")
    tool_words = {singularize(word) for word in words}
    new_words = [word for word in split_name(first) if singularize(word) not in tool_words] if first else []
    return new_words[-1] if new_words else ""


def pluralize(noun: str) -> str:
    """The plural of an English noun, well enough for a name.

    >>> [pluralize(noun) for noun in ("order", "entry", "address", "orders")]
    ['orders', 'entries', 'addresses', 'orders']
    """
    if noun in UNCHANGED or (noun.endswith("s") and not noun.endswith("ss")):
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("ss", "x", "ch", "sh")) else f"{noun}s"


def singularize(noun: str) -> str:
    """The singular of an English noun, well enough to tell whether two are the same.

    >>> [singularize(noun) for noun in ("orders", "entries", "addresses", "status")]
    ['order', 'entry', 'address', 'status']
    """
    if noun in UNCHANGED:
        return noun
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    if noun.endswith(("sses", "xes", "ches", "shes")):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun
