"""What monitoring found as OpenTelemetry metrics, for a dashboard and its alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_awo.errors import MissingExtraError
from langchain_awo.monitoring.findings import Finding
from langchain_awo.monitoring.ledger import Amount
from langchain_awo.monitoring.monitor import Monitoring

try:
    from opentelemetry import metrics
except ImportError as error:
    raise MissingExtraError("opentelemetry-api", extra="otel") from error

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.util.types import Attributes

SCOPE = "langchain_awo"
"""Name of the instrumentation scope."""


def publish(found: Monitoring, provider: MeterProvider | None = None) -> None:
    """Sets gauges to what was found, and has the provider send them if it can; the names are in docs/monitoring.md.

    Args:
        found: what monitoring found.
        provider: of meters; the global one if not given, which does nothing until an SDK is set up.

    Raises:
        MissingExtraError: on import, if the extra `otel` is not installed.
    """
    source = provider or metrics.get_meter_provider()
    gauges = _Gauges(source.get_meter(SCOPE))
    _put_toolkit(gauges, found)
    for each in found.meta_tools:
        _put_meta_tool(gauges, each.found, currency=found.currency)
        decision = {"awo.action": each.decision.action, "awo.cause": each.decision.cause}
        about = {"awo.meta_tool": each.name, **decision}
        gauges.put("awo.meta_tool.work", int(each.decision.is_work), about)
    flush = getattr(source, "force_flush", None)
    if flush is not None:
        flush()


class _Gauges:
    """Makes each gauge once."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._known: dict[str, Any] = {}

    def put(self, name: str, value: float | None, attributes: Attributes = None, *, unit: str = "1") -> None:
        """Sets a gauge; what is not known is not set."""
        if value is None:
            return
        if name not in self._known:
            self._known[name] = self._meter.create_gauge(name, unit=unit)
        self._known[name].set(value, attributes)


def _put_toolkit(gauges: _Gauges, found: Monitoring) -> None:
    without = found.runs - found.with_toolkit - found.held_out
    for arm, runs in (("with", found.with_toolkit), ("held_out", found.held_out), ("without", without)):
        gauges.put("awo.runs", runs, {"awo.arm": arm}, unit="{run}")
    decision = {"awo.action": found.decision.action, "awo.cause": found.decision.cause}
    gauges.put("awo.toolkit.work", int(found.decision.is_work), decision)
    gauges.put("awo.drift.p_value", found.drift.p_value)
    _put_amount(gauges, "awo.recorded", found.ledger.recorded, currency=found.currency)
    _put_amount(gauges, "awo.saved", found.ledger.total, currency=found.currency)
    if found.experiment:
        gauges.put("awo.experiment.model_calls", found.experiment.model_calls.value, unit="{call}")
        gauges.put("awo.experiment.tokens", found.experiment.tokens.value, unit="{token}")
        if found.experiment.success:
            gauges.put("awo.experiment.success", found.experiment.success.value)


def _put_amount(gauges: _Gauges, name: str, amount: Amount, *, currency: str) -> None:
    gauges.put(f"{name}.model_calls", amount.model_calls, unit="{call}")
    gauges.put(f"{name}.tokens", amount.tokens, unit="{token}")
    gauges.put(f"{name}.cost", amount.cost, {"awo.currency": currency})
    gauges.put(f"{name}.seconds", amount.seconds, unit="s")


def _put_meta_tool(gauges: _Gauges, found: Finding, *, currency: str) -> None:
    about = {"awo.meta_tool": found.meta_tool.name, "awo.mode": found.mode}
    gauges.put("awo.meta_tool.had", found.offered, about, unit="{run}")
    gauges.put("awo.meta_tool.applied", found.utilisation.of, about, unit="{run}")
    gauges.put("awo.meta_tool.utilisation", found.utilisation.value, about)
    gauges.put("awo.meta_tool.uses", found.uses, about, unit="{use}")
    gauges.put("awo.meta_tool.completed", found.completed.value, about)
    gauges.put("awo.meta_tool.success", found.success.value, about)
    gauges.put("awo.meta_tool.in_vain", found.wasted, about, unit="{call}")
    saved = found.savings
    gauges.put("awo.meta_tool.saved.model_calls", saved.model_calls.value, about, unit="{call}")
    gauges.put("awo.meta_tool.saved.tokens", saved.tokens.value, about, unit="{token}")
    gauges.put("awo.meta_tool.saved.cost", saved.cost.value, {**about, "awo.currency": currency})
    for back, count in found.hand_backs:
        where: dict[str, str | int] = {
            **about,
            "awo.step": back.step,
            "awo.tool": back.tool,
            "awo.cause": back.cause,
        }
        gauges.put("awo.meta_tool.hand_backs", count, where, unit="{use}")
