"""The table of prices: replaceable, dated, and strict about what it holds."""

from __future__ import annotations

import pytest

from langchain_awo.errors import PriceError
from langchain_awo.ledger.balance import UNPRICED
from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage
from langchain_awo.monitoring.prices import Price, PriceTable, load_prices, rates_of, read_prices


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


@pytest.mark.parametrize("cached", [0, 90, 900, 1_100])
def test_rates_add_up_to_what_each_model_call_cost(cached):
    """Whatever the provider read from its cache: of the prompt before, and of schemas before the first."""
    usages = [
        TokenUsage(input_tokens=1_000, cached_tokens=cached if cached < 1_000 else 0, output_tokens=10),
        TokenUsage(input_tokens=1_200, cached_tokens=cached, output_tokens=20),
    ]
    calls = [ModelCallRecord(model="m", usage=usage) for usage in usages]
    price = Price(input=2, cached=0.5, output=8)
    first, second = rates_of(calls, PriceTable(models={"m": price}))
    assert first.cost(fresh=1_000, reread=0, output=10) == pytest.approx(price.cost(usages[0]))
    assert second.cost(fresh=200, reread=1_000, output=20) == pytest.approx(price.cost(usages[1]))
    assert second.reread <= second.fresh


def test_what_nobody_can_price_costs_nothing():
    assert rates_of([ModelCallRecord(model="other")], PriceTable()) == [UNPRICED]
