"""What earlier outputs call a value: a page calls its element `e41` the button `Search`, and the next page another one.

before (`normalize click, key id, lookup /buttons/*/id`; the page before said `{"buttons": {"Search": {"id": "e41"}}}`)::

    click(id="e41")

after::

    click(id="Search")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from langchain_awo.model.ir.pointer import MISSING, look_up
from langchain_awo.model.rules import Normalize, Rule
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue


class Shown:
    """The names that the outputs so far gave to values; for each path those of the latest output that has the place.

    Args:
        rules: those with a `look_up` say which names are asked for.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        paths = {rule.lookup for rule in rules if isinstance(rule, Normalize) and rule.lookup}
        self._names: dict[str, Mapping[str, str]] = {path: {} for path in sorted(paths)}

    def see(self, output: JSONValue) -> None:
        """Takes note of a decoded output."""
        for path in self._names:
            found = names_at(output, path)
            if found is not None:
                self._names[path] = found

    def named(self, rule: Normalize, tool: str, args: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
        """The arguments of a call with the value of the rule's key named, if the value has a name there."""
        if (rule.tool and rule.tool != tool) or rule.key not in args:
            return dict(args)
        name = self._names[rule.lookup].get(dumps(args[rule.key]))
        return dict(args) if name is None else {**args, rule.key: name}


def names_at(output: JSONValue, path: str) -> dict[str, str] | None:
    """Names of the values at a path with one `*`, by the value as JSON; `None` if the object of names is not there.

    >>> names_at({"buttons": {"Search": {"id": "e41"}, "Go": {"id": "e42"}}}, "/buttons/*/id")
    {'"e41"': 'Search', '"e42"': 'Go'}
    """
    before, _, after = path.partition("/*")
    members = look_up(output, before)
    if not isinstance(members, dict):
        return None
    values = ((name, look_up(member, after)) for name, member in members.items())
    return {dumps(value): name for name, value in values if value is not MISSING}
