"""What a measured saving comes to in money, to be quoted beside model calls and tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from langchain_awo.ledger.interval import Interval
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.prices import PER, Price, PriceTable, compute_money
from langchain_awo.optimizer.replay.saving import Saving


def with_money(
    measured: dict[str, JSONValue], saving: Saving, traces: Sequence[Trace], table: PriceTable
) -> dict[str, JSONValue]:
    """The JSON form of an evaluation or a replay with the money of its net, at the price of the model that was used most.

    Nothing is added where the table of prices has none of the models.
    """
    model, price = _find_most_used(traces, table)
    if price is None:
        return measured
    money: dict[str, JSONValue] = {
        "currency": table.currency,
        "model": model,
        "uncached": _estimate_money(saving, price, cached=False).as_json(),
        "cached": _estimate_money(saving, price, cached=True).as_json(),
    }
    result = saving.as_json()
    return {**measured, "result": {**result, "net": {**result["net"], "money": money}}}


def _estimate_money(saving: Saving, price: Price, *, cached: bool) -> Interval:
    margin = saving.net.margin * price.input / PER
    return saving.interval(lambda each: compute_money(each, price, cached=cached), margin=margin)


def _find_most_used(traces: Sequence[Trace], table: PriceTable) -> tuple[str, Price | None]:
    used = Counter(call.model or trace.model for trace in traces for call in trace.model_calls)
    ranked = sorted(used, key=lambda name: (-used[name], name))
    return next(((name, price) for name in ranked if (price := table.price_of(name))), ("", None))
