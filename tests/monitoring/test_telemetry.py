"""Figures reach a real OpenTelemetry SDK."""

from __future__ import annotations

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from typer.testing import CliRunner

import langchain_awo as awo
from langchain_awo.cli import app
from langchain_awo.monitoring.telemetry import publish


@pytest.fixture
def found(histories):
    return lambda name: awo.monitor(
        histories / f"{name}.db", histories / "toolkit.json", prices=histories / "prices.yaml"
    )


def published(found):
    """Points of each metric, as attributes and value."""
    reader = InMemoryMetricReader()
    publish(found, MeterProvider(metric_readers=[reader], shutdown_on_exit=False))
    (resource,) = reader.get_metrics_data().resource_metrics
    (scope,) = resource.scope_metrics
    assert scope.scope.name == "langchain_awo"
    return {
        metric.name: [(dict(point.attributes), point.value) for point in metric.data.data_points]
        for metric in scope.metrics
    }


def test_every_meta_tool_has_its_figures(found):
    monitoring = found("healthy")
    points = published(monitoring)
    utilisation = {about["awo.meta_tool"]: value for about, value in points["awo.meta_tool.utilisation"]}
    assert utilisation == {each.name: each.found.utilisation.value for each in monitoring.meta_tools}
    backs = sum(value for _, value in points.get("awo.meta_tool.hand_backs", ()))
    assert backs == sum(
        each.found.completed.of - each.found.completed.count for each in monitoring.meta_tools
    )
    assert points["awo.toolkit.work"] == [({"awo.action": "keep", "awo.cause": "none"}, 0)]
    assert points["awo.recorded.tokens"] == [({}, monitoring.ledger.recorded.tokens)]
    assert points["awo.saved.cost"] == [({"awo.currency": "USD"}, monitoring.ledger.total.cost)]


def test_work_to_do_and_experiments_show(found):
    assert published(found("drifted"))["awo.toolkit.work"] == [
        ({"awo.action": "recompile", "awo.cause": "path_mix_changed"}, 1)
    ]
    points = published(found("experiment"))
    assert points["awo.experiment.model_calls"][0][1] < 0
    assert sum(value for _, value in points["awo.runs"]) == 120


def test_what_is_not_known_is_not_set(found):
    """Nothing applied in no run: there is no utilisation of it."""
    points = published(found("changed"))
    names = {about["awo.meta_tool"] for about, _ in points["awo.meta_tool.utilisation"]}
    assert names < {about["awo.meta_tool"] for about, _ in points["awo.meta_tool.had"]}


def test_without_an_sdk_nothing_happens(found, histories, monkeypatch):
    """The API alone does nothing, which is how OpenTelemetry wants it."""
    publish(found("healthy"), NoOpMeterProvider())
    monkeypatch.chdir(histories)
    plain = CliRunner().invoke(app, ["monitor", "healthy.db", "-t", "toolkit.json"])
    sent = CliRunner().invoke(app, ["monitor", "healthy.db", "-t", "toolkit.json", "--otel"])
    assert (sent.exit_code, sent.stdout) == (plain.exit_code, plain.stdout)
