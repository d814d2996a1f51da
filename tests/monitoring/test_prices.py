"""The table of prices: replaceable, dated, and strict about what it holds."""

from __future__ import annotations

import pytest

from langchain_awo.errors import PriceError
from langchain_awo.model.trace.trace import TokenUsage
from langchain_awo.monitoring.prices import Price, PriceTable, load_prices, read_prices


def test_the_shipped_table_says_when_and_from_where():
    table = read_prices()
    assert table.as_of is not None
    assert table.source
    assert table.currency == "USD"
    assert len(table.models) > 20


def test_cached_tokens_cost_what_the_table_says_and_else_as_much_as_others():
    usage = TokenUsage(input_tokens=1_000_000, cached_tokens=500_000, output_tokens=200_000)
    assert Price(input=2, cached=0.5, output=8).cost(usage) == pytest.approx(1 + 0.25 + 1.6)
    assert Price(input=2, output=8).cost(usage) == pytest.approx(2 + 1.6)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini"),
        ("openai:gpt-4.1-mini", "gpt-4.1-mini"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("GPT-4.1", "gpt-4.1"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-sonnet-4@20250514", "claude-sonnet-4"),
        ("models/gemini-2.0-flash-001", "gemini-2.0-flash"),
    ],
)
def test_a_provider_before_and_a_version_after_the_name_do_not_matter(said: str, meant: str):
    table = read_prices()
    assert table.price_of(said) == table.models[meant]


@pytest.mark.parametrize("model", ["", "gpt-4.1-mini-audio", "my-finetune", "gpt", "-2025-04-14", "0"])
def test_another_model_has_no_price(model: str):
    assert read_prices().price_of(model) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models: [", "is not YAML"),
        ("hello", "has no models"),
        ("models: {m: {input: 1}}", "models/m/output"),
        ("models: {m: {input: one, output: 2}}", "models/m/input"),
        ("models: {m: {input: -1, output: 2}}", "not negative"),
        ("models: {m: {input: .nan, output: 2}}", "not negative"),
        ("models: {m: {input: 1, output: 2, inptu: 3}}", "inptu"),
        ("version: 2\nmodels: {m: {input: 1, output: 2}}", "version"),
        ("models: {m: {input: 1, output: 2}}\nmodel: 3", "model"),
        ("as_of: 2026-13-45\nmodels: {}", "is not YAML: month"),
    ],
)
def test_what_is_no_table_of_prices_is_refused_by_name(text: str, problem: str):
    with pytest.raises(PriceError, match=problem):
        load_prices(text, where="mine.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PriceError, match=r"none\.yaml cannot be read"):
        read_prices(tmp_path / "none.yaml")


def test_a_table_of_ones_own_replaces_the_shipped_one(tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text("models: {Back-Office: {input: 1, output: 2}}", encoding="utf-8")
    assert read_prices(file) == PriceTable(models={"back-office": Price(input=1, output=2)})
