"""No change is taken for a read, whatever it is called; reads are recognised under prefixes, suffixes and other orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.hints import infer_effect
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.log import effect_words
from langchain_awo.optimizer.log.effect_descriptions import read_description
from langchain_awo.optimizer.log.effects import classify_effect, classify_effects

TABLE = Path(__file__).with_name("cases") / "effect_names.tsv"
PREFIXES = ("crm_", "mcp__crm__", "crm.", "crm/", "crm-", "crm::", "acme_crm_")


def table():
    """Every line as (what the tool does, name, description)."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            does, name, *description = line.split("\t")
            yield does, name, "".join(description)


def named(*kinds):
    return [pytest.param(name, text, id=name) for does, name, text in table() if does in kinds]


@pytest.mark.parametrize(("name", "description"), named("change"))
def test_no_change_is_taken_for_a_read(name, description):
    spec = ToolSpec(name=name, description=description)
    assert not classify_effect(spec).is_read
    assert not classify_effect(
        ToolSpec(name=name, description=description, hints={"readOnlyHint": True})
    ).is_read


@pytest.mark.parametrize(("name", "description"), named("read"))
def test_a_read_is_recognised(name, description):
    assert classify_effect(ToolSpec(name=name, description=description)).is_read


@pytest.mark.parametrize(("name", "description"), named("missed"))
def test_what_is_not_recognised_is_treated_as_a_write(name, description):
    assert not classify_effect(ToolSpec(name=name, description=description)).is_read


def test_the_table_is_large_and_has_few_misses():
    kinds = [does for does, _, _ in table()]
    assert len(kinds) > 500
    assert kinds.count("missed") < 0.1 * kinds.count("read")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_prefix_of_a_gateway_changes_nothing(prefix):
    for does, name, description in table():
        if does != "missed" and not description and name.isascii():
            plain, under = (classify_effect(ToolSpec(name=each)) for each in (name, prefix + name))
            assert not (under.is_read and does == "change"), prefix + name
            if "_" in name and name.split("_")[0] in {"get", "list", "search", "find", "read"}:
                assert under == plain, prefix + name


@pytest.mark.parametrize("verb", sorted(effect_words.WRITE | effect_words.DESTRUCTIVE))
def test_a_verb_that_acts_is_no_read_whatever_verb_of_reading_stands_before_it(verb):
    for name in (verb, f"{verb}_user", f"get_or_{verb}", f"list_and_{verb}_orders", f"get_users_{verb}"):
        assert not classify_effect(ToolSpec(name=name)).is_read, name


@pytest.mark.parametrize(
    "word", ["sql", "graphql", "cypher", "http", "shell", "python", "terminal", "webhook"]
)
def test_a_tool_whose_argument_decides_everything_is_no_read_whatever_verb_of_reading_stands_beside_it(word):
    for name in (
        f"get_{word}",
        f"read_{word}_orders",
        f"{word}_lookup",
        f"{word}.get",
        f"mcp__{word}__list_files",
    ):
        assert classify_effect(ToolSpec(name=name)) is Effect.UNKNOWN, name
        hinted = ToolSpec(name=name, description="Reads orders.", hints={"readOnlyHint": True})
        assert not classify_effect(hinted).is_read, name


@pytest.mark.parametrize(
    ("hints", "effect"),
    [
        ({}, None),
        ({"readOnlyHint": True}, Effect.READ),
        ({"readOnlyHint": True, "destructiveHint": True}, Effect.DESTRUCTIVE),
        ({"readOnlyHint": False}, Effect.DESTRUCTIVE),
        ({"readOnlyHint": False, "destructiveHint": False}, Effect.WRITE),
        ({"destructiveHint": False, "idempotentHint": True}, Effect.IDEMPOTENT),
    ],
)
def test_hints_that_contradict_each_other_count_as_the_worse(hints, effect):
    assert infer_effect(hints) is effect


def test_a_hint_raises_suspicion_and_never_lowers_it():
    assert classify_effect(ToolSpec(name="get_user", hints={"readOnlyHint": False})) is Effect.DESTRUCTIVE
    assert classify_effect(ToolSpec(name="delete_user", hints={"readOnlyHint": True})) is Effect.DESTRUCTIVE
    assert classify_effect(ToolSpec(name="frobnicate", hints={"readOnlyHint": True})) is Effect.UNKNOWN
    assert classify_effect(ToolSpec(name="run_sql", hints={"destructiveHint": False})) is Effect.WRITE
    assert classify_effect(ToolSpec(name="query_db", hints={"destructiveHint": False})) is Effect.UNKNOWN


def test_a_hint_bears_out_a_description_that_names_a_thing():
    thing = ToolSpec(name="parcels", description="The parcels of a person.")
    assert classify_effect(thing) is Effect.UNKNOWN
    hinted = ToolSpec(name="parcels", description=thing.description, hints={"readOnlyHint": True})
    assert classify_effect(hinted) is Effect.READ


def effects_among(*names):
    return {
        name: effect.value for name, effect in classify_effects(ToolSpec(name=name) for name in names).items()
    }


def test_where_all_tools_are_called_after_their_thing_the_verb_is_the_last_word():
    assert effects_among("mail_get", "mail_delete", "mail_read", "mail_list") == {
        "mail_get": "read",
        "mail_delete": "destructive",
        "mail_read": "read",
        "mail_list": "read",
    }
    assert effects_among("refundGet", "refundCreate", "refundList")["refundList"] == "read"


def test_where_all_tools_of_a_server_end_with_their_verb_it_is_the_last_word():
    found = effects_among("ehr_patient_search", "ehr_order_create", "ehr_drug_read", "ehr_message_mark_read")
    assert found["ehr_drug_read"] == "read"
    assert found["ehr_message_mark_read"] != "read"
    assert (
        effects_among("ehr_drug_read", "ehr_order_create", "ehr_drug_get_all")["ehr_drug_read"] == "unknown"
    )


@pytest.mark.parametrize(
    "others", [["mail_send"], ["mail_get"], ["mail_file", "mail_link"], ["mail.get", "mail.delete"]]
)
def test_few_tools_of_that_name_show_nothing(others):
    assert effects_among("mail_list", *others)["mail_list"] == "unknown"


def test_other_tools_of_its_thing_make_no_read_of_a_change():
    names = [name for does, name, text in table() if does == "change" and not text]
    for name in names:
        thing = name.split("_")[0]
        effect = effects_among(name, f"{thing}_get", f"{thing}_find", f"{thing}_delete", f"{thing}_create")[
            name
        ]
        noun_first = name.split("_")[1:] in (["read"], ["list"], ["view"], ["show"])
        assert effect != "read" or noun_first, name


@pytest.mark.parametrize(
    ("name", "description", "effect"),
    [
        ("issue_refund", "Pays money back for a delivered order.", Effect.WRITE),
        ("update_ticket_status", "Opens or closes a ticket.", Effect.WRITE),
        ("create_invoice", "Creates an invoice and charges the customer.", Effect.WRITE),
        ("set_status", "Archives or closes a case.", Effect.WRITE),
        ("issue_refund", "Pays money back and deletes the order.", Effect.DESTRUCTIVE),
        ("goodwill", "Pays a customer.", Effect.DESTRUCTIVE),
        ("pay_bill", "Pays a bill.", Effect.DESTRUCTIVE),
        ("update_record", "Removes what is outdated.", Effect.DESTRUCTIVE),
    ],
)
def test_a_mild_word_in_a_description_makes_no_plain_write_destructive(name, description, effect):
    assert classify_effect(ToolSpec(name=name, description=description)) is effect


@pytest.mark.parametrize(
    ("announced", "effect"),
    [("added", Effect.WRITE), ("sent", Effect.WRITE), ("updated", Effect.WRITE), ("set", Effect.IDEMPOTENT),
     ("cancelled", Effect.DESTRUCTIVE), ("listed", None), ("short", None)],
)  # fmt: skip
def test_what_a_description_says_will_be_done_counts(announced, effect):
    """The verb of the participle: as it stands, with an e, without a doubled letter, or irregular."""
    assert read_description(f"The history of a ticket. A comment will be {announced}.").effect is effect


def test_the_users_declaration_is_the_last_word():
    assert classify_effect(ToolSpec(name="fetch_url"), {"fetch_url": Effect.READ}) is Effect.READ
    assert classify_effect(ToolSpec(name="get_user"), {"get_user": Effect.WRITE}) is Effect.WRITE


def test_specifications_of_one_name_that_disagree_count_as_the_worse():
    specs = [
        ToolSpec(name="get_user", description="Returns a user."),
        ToolSpec(name="get_user", description="Bans a user."),
    ]
    assert classify_effects(specs) == {"get_user": Effect.DESTRUCTIVE}


@pytest.mark.parametrize(
    "text", ["", " ", ".", "\n\n", "e" * 100_000, "1. 2. 3.", "Ünïcode; Текст.", "a, " * 30_000]
)
def test_any_description_is_read_in_little_time(text):
    assert read_description(text).effect is None


def test_a_hint_that_nothing_bears_out_is_not_believed_and_does_not_soften_what_is_said():
    """Else a read that only the hint claims would stand beside a write that the name says, and the name alone decides."""
    reads = {"readOnlyHint": True}
    assert classify_effect(ToolSpec(name="frobnicate", hints=reads)) is Effect.UNKNOWN
    assert classify_effect(
        ToolSpec(name="frobnicate", description="The parcels of a person.", hints=reads)
    ).is_read
    assert classify_effect(ToolSpec(name="get_order", hints=reads)) is Effect.READ
