"""What a mapped step runs for: one meaning for mining, replay and execution."""

from __future__ import annotations

from langchain_awo.model.ir.binding import Frame, Item, Parameter, list_leaves, resolve
from langchain_awo.model.ir.metatool import Filter, Map, Step
from langchain_awo.model.ir.pointer import MISSING, look_up
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue


def list_items(step: Step, over: Map, frame: Frame) -> list[JSONValue] | None:
    """The items a step runs for in their order, those that its filter keeps; `None` if the source is no list.

    Left out are elements of an output that have nothing, or null, wherever the step needs something of them: an order without
    a shipment has `"shipment_id": null`, or no such field, and either way there is no shipment to get. What the caller lists is run.
    """
    items = resolve(over.source, frame)
    if not isinstance(items, list):
        return None
    if over.filter is not None:
        items = [item for item in items if _is_kept(look_up(item, over.filter.path), over.filter, frame)]
    needed = [] if isinstance(over.source, Parameter) else _list_needed_paths(step)
    return [item for item in items if not needed or any(_is_there(item, path) for path in needed)]


def _is_kept(value: JSONValue, kept: Filter, frame: Frame) -> bool:
    if value is MISSING:
        return False
    if kept.named is not None:
        named = resolve(kept.named, frame)
        return named is not MISSING and _fold(value) == _fold(named)
    return dumps(value) in {dumps(each) for each in kept.values}


def _fold(value: JSONValue) -> str:
    return value.strip().casefold() if isinstance(value, str) else dumps(value)


def _list_needed_paths(step: Step) -> list[str]:
    required = (binding for name, binding in step.args.items() if name not in step.optional)
    return [leaf.path for binding in required for leaf in list_leaves(binding) if isinstance(leaf, Item)]


def _is_there(item: JSONValue, path: str) -> bool:
    value = look_up(item, path)
    return value is not MISSING and value is not None
