"""A part of a list: the item that the caller names, and not all of them.

Agents often read only what somebody spoke of: the product called "T-Shirt" of an order, the channel called "general". Fetching every
item would be in vain, and which one is meant nothing in the list tells. Its caller does: where the items that agents went on with
have a text that had been said before, and the others do not, that text becomes a parameter.

before::

    get_order(order_id) → {"items": [{"name": "T-Shirt", "product_id": "P1"}, {"name": "Lamp", "product_id": "P2"}]}
    get_product(product_id="P1")                                  (in runs that speak of a T-Shirt)

after::

    1  get_order(order_id=$order_id)
    2  get_product(product_id=#1/items/*/product_id)     once for each item, where /name is $name
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.ir.binding import Binding, Item, Output, Parameter, list_leaves
from langchain_awo.model.ir.mapping import list_items
from langchain_awo.model.ir.metatool import Filter, ParameterSpec, Step
from langchain_awo.model.ir.pointer import ENTRIES, split, unescape
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.mining.align import has_parameters
from langchain_awo.optimizer.mining.conditions import collect_item_facts
from langchain_awo.optimizer.mining.forms import READ_AGREEMENT, Form, find_free_name
from langchain_awo.optimizer.mining.occurrences import Occurrence, predict_calls

MAX_ITEMS: Final = 400
"""Items of all places together that are looked at."""

SHORTEST: Final = 3
"""A shorter text is said by chance."""


@dataclass(slots=True)
class _Texts:
    """Of all items of some lists, those that agents went on with and the others, and whose texts had been said.

    Attributes:
        said: by path inside the items, how many of the wanted ones and of the others had a text there that had been said.
        values: by path, the texts of the wanted ones.
    """

    wanted: int = 0
    others: int = 0
    said: defaultdict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    values: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def tell(self, path: str) -> float:
        """The share of the wanted items that were named by a text, less that of the others."""
        said = self.said[path]
        return said[True] / max(1, self.wanted) - said[False] / max(1, self.others)


def name_items(form: Form, occurrences: Sequence[Occurrence], taken: Sequence[str]) -> Iterator[Form]:
    """The form for the items that a caller names, if there is a text by which agents chose them.

    Args:
        form: one call for each item of a list, without parameters.
        taken: names of parameters that are in use.
    """
    step = form.step
    if step.over is None or has_parameters(step):
        return
    texts = _collect_texts(step, occurrences)
    best = min(texts.said, key=lambda path: (-round(texts.tell(path), 6), path.count("/"), path), default="")
    if not best or texts.tell(best) < READ_AGREEMENT or len(texts.values[best]) < 2:  # noqa: PLR2004
        return
    free = find_free_name(_name_parameter(step.over.source, best), taken)
    over = replace(step.over, filter=Filter(path=best, named=Parameter(name=free)))
    spec = ParameterSpec(name=free, schema={"type": "string"})
    yield Form(replace(step, over=over), (*form.parameters, spec))


def _name_parameter(source: Binding, path: str) -> str:
    """After the text by which items are named; the key of a member is its name."""
    is_key = isinstance(source, Output) and source.path.endswith(f"/{ENTRIES}") and path == "/key"
    return "name" if is_key else unescape(split(path)[-1])


def _collect_texts(step: Step, occurrences: Sequence[Occurrence]) -> _Texts:
    """The texts of the items of lists with several, of which agents went on with any."""
    leaves = [leaf for binding in step.args.values() for leaf in list_leaves(binding)]
    used = {leaf.path for leaf in leaves if isinstance(leaf, Item)}
    texts = _Texts()
    for occurrence in occurrences:
        keys = {call.key for call in occurrence.followers if call.tool == step.tool}
        items = list_items(step, step.over, occurrence.frame) if keys and step.over else None
        if not items or len(items) < 2 or texts.wanted + texts.others > MAX_ITEMS:  # noqa: PLR2004
            continue
        for item in (item for item in items if isinstance(item, dict)):
            wanted = not keys.isdisjoint(_predict_item(step, item, occurrence))
            texts.wanted += wanted
            texts.others += not wanted
            for path, value in collect_item_facts(item).items():
                if (
                    path not in used
                    and isinstance(value, str)
                    and len(value) >= SHORTEST
                    and occurrence.knows(value)
                ):
                    texts.said[path][wanted] += 1
                    texts.values[path].update([value] if wanted else ())
    return texts


def _predict_item(step: Step, item: JSONValue, occurrence: Occurrence) -> frozenset[str]:
    return frozenset(predict_calls(replace(step, over=None), replace(occurrence.frame, item=item)))
