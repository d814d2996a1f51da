"""No secret, and no mask of one, is part of a toolkit."""

from __future__ import annotations

import random
import string

import pytest

from langchain_awo.model.ir.binding import Constant, ListOf, ObjectOf, Output, Parameter, Template
from langchain_awo.model.ir.metatool import (
    Filter,
    Guard,
    Map,
    MetaTool,
    ParameterSpec,
    Refused,
    Step,
    ToolSignature,
)
from langchain_awo.optimizer.selection.secrets import (
    without_secret_defaults,
    without_secret_words,
    without_secrets,
)

CHANCE = random.Random(3)  # noqa: S311  # made up
TOKEN = "ghp_" + "".join(CHANCE.choice(string.ascii_letters + string.digits) for _ in range(36))
MASK = "<secret:0123456789abcdef>"


def routine(name="find_and_get", description="Finds and gets.", parameters=(), **step):
    steps = (Step(tool="find", args={"user": Parameter(name="user")}), Step(tool="get", **step))
    return MetaTool(name=name, description=description, steps=steps, parameters=parameters)


SECRET = {
    "a mask": routine(args={"api_key": Constant(value=MASK)}),
    "a mask under an innocent name": routine(args={"note": Constant(value=MASK)}),
    "a mask of another length": routine(args={"note": Constant(value="<secret:0123abcd>")}),
    "a secret by its name": routine(args={"password": Constant(value="hunter22")}),
    "a secret by its shape": routine(args={"note": Constant(value=f"use {TOKEN}")}),
    "a secret in an address": routine(args={"url": Constant(value="https://ann:hunter22@h.example/")}),
    "a template": routine(args={"h": Template(prefix=f"Bearer {MASK} ", source=Output(step=1))}),
    "half a mask": routine(args={"h": Template(prefix="<secret:", source=Output(step=1), suffix=">")}),
    "an object": routine(
        args={"headers": ObjectOf(members={"Authorization": Constant(value="Bearer abc-77")})}
    ),
    "a list": routine(args={"tokens": ListOf(elements=(Constant(value=TOKEN),))}),
    "a filter": routine(
        over=Map(source=Output(step=1, path="/*"), filter=Filter(path="/t", values=(TOKEN,)))
    ),
    "a guard": routine(guard=Guard(source=Output(step=1, path="/t"), test="equals", value=MASK)),
    "a description": routine(description=f"Finds with {TOKEN}."),
}


@pytest.mark.parametrize("kind", SECRET)
def test_a_routine_that_holds_a_secret_is_refused_without_telling_it(kind):
    kept, (refused,) = without_secrets([SECRET[kind]])
    assert kept == []
    assert refused.code == "secret"
    assert not any(secret in refused.reason for secret in (TOKEN, MASK, "hunter22"))


@pytest.mark.parametrize(
    "args",
    [
        {"method": Constant(value="POST"), "limit": Constant(value=20), "flag": Constant(value=True)},
        {"Authorization": Template(prefix="Bearer ", source=Output(step=1, path="/token"))},
        {"Cookie": Template(prefix="sid=", source=Output(step=1, path="/sid"), suffix="; theme=dark")},
        {"payment": Constant(value="credit_card"), "token_type": Constant(value="Bearer")},
        {"id": Constant(value="3f2504e0-4f89-11d3-9a0c-0305e82c3301")},
        {"password": Parameter(name="password")},
    ],
)
def test_other_routines_stay_as_they_are(args):
    given = routine(args=args)
    assert without_secrets([given]) == ([given], [])


def test_secret_defaults_and_examples_are_left_out_of_the_parameters():
    schema = {"type": "string", "default": "hunter22", "examples": [MASK], "description": "Who."}
    (kept,), _ = without_secrets([routine(parameters=(ParameterSpec(name="password", schema=schema),))])
    assert kept.parameters[0].schema == {"type": "string", "description": "Who."}


def test_signatures_show_no_secret_default_and_others_are_untouched():
    plain = ToolSignature(parameters={"properties": {"limit": {"default": 20}}}, digest="abc")
    shown = {
        "properties": {"api_key": {"type": "string", "default": "k-123456"}, "default": {"type": "string"}}
    }
    clean = without_secret_defaults({"a": plain, "b": ToolSignature(parameters=shown, digest="abc")})
    assert clean["a"] is plain
    assert clean["b"].parameters == {
        "properties": {"api_key": {"type": "string"}, "default": {"type": "string"}}
    }
    assert clean["b"].digest not in ("", "abc")


def test_reasons_of_refusals_tell_no_secret():
    given = Refused(routine=(f"http({TOKEN})", "get"), code="x", reason=f"the constant {TOKEN} does not hold")
    (told,) = without_secret_words([given])
    assert told.routine == ("http", "get")
    assert TOKEN not in told.reason
