"""Tools may be called in any language: the name of a meta-tool is one that providers accept, and reads as a name."""

from __future__ import annotations

import re

import pytest

from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.selection.naming import name_all


def named(first, second, effect=Effect.READ):
    steps = (
        Step(tool=first, effect=Effect.READ, args={"key": Parameter(name="key")}),
        Step(tool=second, effect=effect, args={"key": Output(step=1, path="/key")}),
    )
    parameters = (ParameterSpec(name="key", schema={"type": "string"}),)
    bare = MetaTool(name="", description="", parameters=parameters, steps=steps)
    (meta_tool,) = name_all([bare], build_corpus([]))
    return meta_tool


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("get_order", "récupérer_client", "get_order_recuperer_client"),
        ("Bestellung_anzeigen", "Straße_öffnen", "get_bestellung_anzeigen_strasse_offnen"),
        ("获取订单", "获取客户", "routine"),
        ("___", "...", "routine"),
    ],
)
def test_accents_are_written_without_and_other_letters_left_out(first, second, name):
    assert named(first, second).name == name


@pytest.mark.parametrize("effect", [Effect.READ, Effect.WRITE])
@pytest.mark.parametrize("tool", ["удалить_заказ", "注文", "__", "ё", "İ", "a" * 90, "💶_pay"])
def test_whatever_a_tool_is_called_the_name_is_accepted(tool, effect):
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", named(tool, tool + "_x", effect).name)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", named("get_order", tool, effect).name)
