"""As `test_round_trip`, with the exporters of the dependency group `exporters` and, where it is installed, of MLflow."""

from __future__ import annotations

import pytest
from langchain_core.callbacks import BaseCallbackManager
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_awo.capture.importers import import_traces
from tests.capture.importers.round_trip import run_agent
from tests.capture.importers.test_round_trip import check, recorded

__all__ = ["recorded"]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def spans(monkeypatch):
    """A provider that keeps its spans until the test ends, and their JSON."""
    # What OpenLLMetry puts around it stays there after `uninstrument`, and would note every run of every later test.
    monkeypatch.setattr(BaseCallbackManager, "__init__", BaseCallbackManager.__init__)
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, lambda: "\n".join(span.to_json(indent=None) for span in exporter.get_finished_spans())
    exporter.shutdown()
    exporter.clear()


def test_spans_of_langfuse(recorded, spans, tmp_path):
    """The handler of Langfuse's SDK, and its spans as they leave the process."""
    langfuse = pytest.importorskip("langfuse", reason="pip install langfuse")
    handlers = pytest.importorskip("langfuse.langchain")
    provider, exported = spans
    client = langfuse.Langfuse(
        public_key="pk-lf-none",
        secret_key="none",  # noqa: S106  # nothing is sent
        host="http://127.0.0.1:9",
        tracer_provider=provider,
    )
    run_agent([handlers.CallbackHandler(public_key="pk-lf-none")])
    (tmp_path / "spans.jsonl").write_text(exported())
    del client
    check(recorded, "Langfuse", import_traces(tmp_path / "spans.jsonl"))


def test_spans_of_the_gen_ai_conventions(recorded, spans, tmp_path):
    """The instrumentor of OpenLLMetry."""
    instrumentation = pytest.importorskip(
        "opentelemetry.instrumentation.langchain",
        reason="pip install opentelemetry-instrumentation-langchain",
    )
    provider, exported = spans
    instrumentor = instrumentation.LangchainInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        run_agent([])
    finally:
        instrumentor.uninstrument()
    (tmp_path / "spans.jsonl").write_text(exported())
    check(
        recorded, "OpenTelemetry `gen_ai`", import_traces(tmp_path / "spans.jsonl", on_skipped=lambda _: None)
    )


def test_a_trace_of_mlflow(recorded, tmp_path):
    """Its autolog, with a tracking store in a file."""
    mlflow = pytest.importorskip("mlflow", reason="pip install mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_experiment("quay")
    mlflow.langchain.autolog()
    try:
        run_agent([])
        mlflow.flush_trace_async_logging()
        (trace,) = mlflow.search_traces(return_type="list")
    finally:
        mlflow.langchain.autolog(disable=True)
    (tmp_path / "trace.json").write_text(trace.to_json())
    check(recorded, "MLflow", import_traces(tmp_path / "trace.json"))
