"""Routines hold no coincidence, no decision and no secret, and are named as a person would name them."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Constant, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Guard, Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.effect_names import guess_effect
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.replay.counterfactual import replay
from langchain_awo.optimizer.rules.file import load_rules
from langchain_awo.optimizer.selection.descriptions import describe
from langchain_awo.optimizer.selection.secrets import asks_for_secret
from langchain_awo.optimizer.selection.titles import extract_action, propose_names
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import compiled
from tests.optimizer.test_mining import runs

REFUND = '"refund o{n}: worn{n}" get_order(o{n}) -> {"state": "delivered"} | issue_refund(o{n}, why=worn{n})'
NO_REFUND = '"refund o{n}: worn{n}" get_order(o{n}) -> {"state": "open"}'
OTHER = '"where is o{n}" get_order(o{n}) -> {"state": "delivered"}'
BOTH_SIDES = f"{runs(30, REFUND)}\n{runs(30, NO_REFUND, first=50)}"


def test_a_write_is_judged_where_users_spoke_of_it():
    """In as many runs again the user asks something else about a delivered order: nobody decided against a refund there."""
    found = compiled(f"{BOTH_SIDES}\n{runs(60, OTHER, first=100)}", writes="guarded")
    assert "issue_refund_for_delivered_order(id, why)" in found
    assert 'stop unless #1/state == "delivered" (30 of 30, and 30 of 30 others did not)' in found


def test_where_nobody_asks_for_the_write_by_name_every_place_counts():
    silent = runs(30, REFUND.replace("refund ", "")) + "\n" + runs(30, OTHER, first=100)
    assert "issue_refund" not in compiled(silent, writes="guarded")


def test_a_write_that_was_asked_for_and_not_made_is_still_unwanted():
    """Half of the users asked for a refund of a delivered order and got none: the guard does not explain it."""
    denied = runs(30, OTHER.replace("where is", "refund"), first=100)
    assert "issue_refund" not in compiled(f"{BOTH_SIDES}\n{denied}", writes="guarded")
    meta_tools, _ = compile_corpus(corpus_of(BOTH_SIDES), Options(writes="guarded"))
    (refund,) = (each for each in meta_tools if "refund" in each.name)
    assert replay([refund], corpus_of(denied)).blind.unwanted_writes == 30


MAILS = '{"mails": [{"id": "m{n}", "about": "Tea at {n}"}, {"id": "k{n}", "about": "About coffee"}]}'


def test_what_a_few_items_were_about_is_no_filter():
    first = f'"a{{n}}" search_mail(a{{n}}) -> {MAILS} | read_mail(k{{n}})'
    both = f'"a{{n}}" search_mail(a{{n}}) -> {MAILS} | read_mail(k{{n}}) | read_mail(m{{n}})'
    found = compiled(f"{runs(14, first)}\n{runs(4, both, first=40)}")
    assert "read_mail" in found
    assert "coffee" not in found


STATES = '{"jobs": [{"id": "j{n}", "state": "open"}, {"id": "d{n}", "state": "done"}, {"id": "e{n}", "state": "done"}]}'


def test_a_state_that_tells_which_items_were_wanted_is_a_filter():
    found = compiled(runs(30, f'"a{{n}}" list_jobs(a{{n}}) -> {STATES} | get_job(j{{n}})'))
    assert 'where /state is "open"' in found


def test_a_day_that_two_tasks_named_is_a_parameter_and_no_constant():
    first = '"a{n} 2024-05-01" find_user(a{n}) -> {"uid": "u{n}"} | list_jobs(u{n}, due=2024-05-01)'
    found = compiled(runs(4, first) + "\n" + runs(12, first.replace("05-01", "05-{n}"), first=10))
    assert "2024" not in found
    assert "due=$due" in found


def test_a_part_that_few_asked_for_is_not_fetched_every_time():
    """Whoever asks for closed tickets decides so."""
    closed = runs(12, '"a{n} closed" find_user(a{n}) -> {"uid": "u{n}"} | list_tickets(u{n}, state=closed)')
    others = runs(20, '"a{n}" find_user(a{n}) -> {"uid": "u{n}"} | list_tickets(u{n})', first=40)
    found = compiled(f"{closed}\n{others}")
    assert "list_tickets(id=#1/uid" in found
    assert "closed" not in found


def test_what_agents_sometimes_leave_out_is_optional_in_a_later_read_too():
    line = '"a{n}" find_user(a{n}) -> {"uid": "u{n}"} | list_jobs(u{n})'
    some = '"a{n} s{n}" find_user(a{n}) -> {"uid": "u{n}"} | list_jobs(u{n}, state=s{n})'
    found = compiled(f"{runs(4, line)}\n{runs(20, some, first=40)}")
    assert "(id, state?)" in found
    assert "list_jobs(id=#1/uid, state?=$state)" in found


def test_two_lookups_that_a_caller_could_ask_for_side_by_side_are_no_routine():
    line = '"a{n} b{n}" list_jobs(a{n}) -> {"of": "x{n}"} | list_tickets(a{n}, by=b{n})'
    assert compiled(runs(20, line)) == ""


GUARDED_MAIL = '"c{n}" search_mail(access_token=tok{n}, id=c{n}) -> {"mails": ["m{n}"]} | read_mail(access_token=tok{n}, id=m{n})'


def test_no_model_is_asked_to_fill_in_a_token():
    meta_tools, _ = compile_corpus(corpus_of(runs(20, GUARDED_MAIL)), Options())
    assert all(each.mode == "continue" or not asks_for_secret(each) for each in meta_tools)


@pytest.mark.parametrize(
    ("parameter", "secret"), [("password", True), ("token", True), ("page_token", False), ("id", False)]
)
def test_secrets_are_known_by_the_name_of_the_parameter(parameter, secret):
    step = Step(tool="get_user", args={parameter: Parameter(name="x")})
    routine = MetaTool(name="r", description="", steps=(step,), parameters=(ParameterSpec(name="x"),))
    assert asks_for_secret(routine) is secret


RULES = "version: 1\nrules:\n- {kind: select, tool: get_password, keys: [app]}\n"
LOGIN = '"u{n}" get_password(app=mail, of=u{n}) -> {"pass": "p{n}"} | show_inbox(p{n}) || "u{n}" get_password(app=bank, of=u{n}) -> {"pass": "q{n}"} | show_balance(q{n})'


def test_what_selects_an_action_is_fixed_and_no_parameter():
    meta_tools, _ = compile_corpus(corpus_of(runs(20, LOGIN)), Options(rules=load_rules(RULES)))
    assert {each.steps[0].args["app"].value for each in meta_tools} == {"mail", "bank"}
    assert all([spec.name for spec in each.parameters] == ["of"] for each in meta_tools)


def read(tool, *sources, over=False):
    args = {f"id{n}" if n else "id": source for n, source in enumerate(sources)}
    mapped = Map(source=args["id"]) if over else None
    return Step(tool=tool, args={"id": Item()} if over else args, over=mapped, effect=Effect.READ)


GIVEN = Parameter(name="name")
DELIVERED = Guard(source=Output(step=1, path="/status"), test="equals", value="delivered", otherwise="stop")


def after(tool, path="/id", **more):
    return read(tool, Output(step=1, path=path), **more)


LOGGED_IN = [
    read("show_account_password", GIVEN),
    after("music_login"),
    read("list_playlists", Output(step=2, path="/t")),
]


@pytest.mark.parametrize(
    ("steps", "name", "told"),
    [
        (
            [read("find_customer", GIVEN), after("list_orders")],
            "get_customer_orders",
            "Returns a customer with their orders, looked up by name.",
        ),
        (
            [read("list_hotels", GIVEN), after("get_hotels_prices"), after("get_hotel_rooms_available")],
            "get_hotel_prices_and_rooms",
            "Returns hotels with their prices and rooms, looked up by name.",
        ),
        (
            [read("get_zip_code_based_on_city", GIVEN), after("estimate_distance")],
            "get_distance_by_id",
            "Returns a distance, looked up by name. It looks up the zip code itself.",
        ),
        (
            [read("search_mail", GIVEN), after("read_mail", "/mails/*", over=True)],
            "get_mails_with_details",
            "Returns the full details of mails, looked up by name.",
        ),
        (
            [read("search_mail", GIVEN), after("read_mail", "/mails/0/id")],
            "get_first_mail",
            "Returns the full details of the first mail, looked up by name.",
        ),
        (
            LOGGED_IN,
            "get_playlists",
            "Returns playlists, looked up by name. It looks up the account password and the music login itself.",
        ),
        (
            LOGGED_IN[:2],
            "log_in_to_music",
            "Logs in to music and returns what later calls need.",
        ),
        (
            [read("find_email_address", GIVEN), after("search_tasks", "/0")],
            "get_tasks_by_id",
            "Returns tasks, looked up by name. It looks up the email address itself, taking the first one found.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_reads_are_named_after_what_is_asked_for(steps, name, told):
    routine = MetaTool(name="r", description="", steps=tuple(steps), parameters=(ParameterSpec(name="name"),))
    assert next(propose_names(routine)) == name
    assert describe(routine).startswith(f"{told} It only reads data.")


@pytest.mark.parametrize(
    ("tool", "guard", "name", "deed"),
    [
        (
            "issue_refund",
            DELIVERED,
            "issue_refund_for_delivered_order",
            "Issues a refund for an order, but only if the order's status",
        ),
        ("issue_refund", None, "issue_refund_for_order", "Issues a refund for an order."),
        (
            "update_order",
            DELIVERED,
            "update_delivered_order",
            'Updates an order, but only if the order\'s status is "delivered";',
        ),
        ("click_place_order", None, "place_order", "Places an order."),
    ],
)
def test_writes_are_named_after_the_write(tool, guard, name, deed):
    write = Step(tool=tool, args={"why": Constant(value=1)}, guard=guard, effect=guess_effect("update_x"))
    routine = MetaTool(name="r", description="", steps=(read("get_order", GIVEN), write))
    assert next(propose_names(routine)) == name
    assert describe(routine).startswith(deed)
    assert f"then calls {tool}. It changes data." in describe(routine)


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("click_place_order", ["place", "order"]),
        ("press_delete_row", ["delete", "row"]),
        ("click_next_cancel", ["click", "next", "cancel"]),
        ("click_cancel", ["click", "cancel"]),
        ("crm.update_user", ["update", "user"]),
        ("", ["tool"]),
    ],
)
def test_what_a_hand_does_is_the_verb_right_after_it_if_a_thing_follows(tool, words):
    assert extract_action(tool) == words
