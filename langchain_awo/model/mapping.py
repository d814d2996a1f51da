"""What a mapped step runs for: one meaning for mining, replay and execution."""

from __future__ import annotations

from langchain_awo.model.binding import Frame, resolve
from langchain_awo.model.encoding import dumps
from langchain_awo.model.metatool import Map
from langchain_awo.model.pointer import MISSING, lookup
from langchain_awo.model.trace import JSONValue


def items_of(over: Map, frame: Frame) -> list[JSONValue] | None:
    """The items of a map in their order, those that its filter keeps; `None` if its source is no list.

    A null is left out like an element that has nothing at the path: an order without a shipment has `"shipment_id": null`, or
    no such field, and either way there is no shipment to get.
    """
    items = resolve(over.source, frame)
    if not isinstance(items, list):
        return None
    there = [item for item in items if item is not None]
    if over.filter is None:
        return there
    wanted = {dumps(value) for value in over.filter.values}
    found = ((item, lookup(item, over.filter.path)) for item in there)
    return [item for item, value in found if value is not MISSING and dumps(value) in wanted]
