"""The review in a real browser: by mouse, by keyboard, in the dark and on a phone; every click is in the file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from langchain_awo.model.ir.reviewing import accept, rename, standing_of
from langchain_awo.model.ir.sameness import routine_digest
from langchain_awo.plan_file import read_plan, update_plan, write_plan
from langchain_awo.review.examples import ExampleRun, Examples, ShownCall

PAGE, PAY, READ = "page_team_after_alert", "pay_back_for_received_return", "get_customer_orders"


def card(page, name):
    return page.locator(f"#tool-{name}")


def total(page):
    return page.inner_text("#total")


def test_a_guarded_write_is_accepted_and_one_rejected_with_a_reason_and_a_name_is_changed(
    open_review, decided
):
    page = open_review()
    assert "1 of 3 meta-tools installed" in total(page)
    assert "2 wait for you" in total(page)
    page.fill("#by", "Ann")
    card(page, PAGE).get_by_role("button", name="Accept").click()
    page.wait_for_selector(f"#tool-{PAGE}.accepted")
    assert "2 of 3 meta-tools installed" in total(page)
    card(page, PAY).get_by_role("button", name="Reject").click()
    card(page, PAY).get_by_label("Why is it rejected?").fill("finance checks each")
    card(page, PAY).get_by_label("Why is it rejected?").press("Enter")
    page.wait_for_selector(f"#tool-{PAY}.rejected")
    assert "nothing waits" in total(page)
    card(page, READ).get_by_role("button", name="Rename").click()
    card(page, READ).get_by_label("Name", exact=True).fill("orders_of_customer")
    card(page, READ).get_by_role("button", name="Save").click()
    page.wait_for_selector("#tool-orders_of_customer")
    page.reload()
    page.wait_for_selector(".card")
    assert "finance checks each" in card(page, PAY).inner_text()
    assert "Ann" in card(page, PAGE).inner_text()
    found = decided()
    assert standing_of(found[PAGE]) == "accepted"
    assert (found[PAY].decision.reason, found[PAY].decision.by) == ("finance checks each", "Ann")
    assert found["orders_of_customer"].chosen == ("name",)


def test_the_total_follows_every_click_and_filters_show_what_waits(open_review):
    page = open_review()
    before = total(page)
    page.locator(".filter label", has_text="Rejected").click()
    assert page.locator(".card").count() == 0
    page.locator(".filter label", has_text="Waiting").click()
    assert page.locator(".card").count() == 2
    card(page, PAGE).get_by_role("button", name="Accept").click()
    page.wait_for_selector(f"#tool-{PAGE}.accepted")
    assert total(page) != before
    card(page, PAGE).get_by_role("button", name="Take back").click()
    page.wait_for_selector(f"#tool-{PAGE}.undecided")
    assert total(page) == before
    assert page.get_attribute("#total", "aria-live") == "polite"


def test_everything_is_done_by_keyboard_alone(open_review, decided):
    """From card to card, accepting, rejecting with a reason; the focus stays on what was decided about."""
    page = open_review()
    card(page, PAGE).focus()
    page.keyboard.press("a")
    page.wait_for_selector(f"#tool-{PAGE}.accepted")
    assert page.evaluate("document.activeElement.id") == f"tool-{PAGE}"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == f"tool-{PAY}"
    page.keyboard.press("r")
    page.keyboard.type("just a reason")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#tool-{PAY}.rejected")
    assert decided()[PAY].decision.reason == "just a reason"
    assert decided()[PAGE].decision.verdict == "accepted"


def test_tab_comes_by_every_control_and_shows_where_it_is(open_review):
    page = open_review()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached, invisible = [], []
    for _ in range(100):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const at = document.activeElement, shown = at.name === 'show' ? at.nextElementSibling : at;
            return [at.tagName, at.getAttribute('aria-label') || at.textContent || at.id, getComputedStyle(shown).outlineStyle]; }"""
        )
        if here[0] == "BODY":
            break
        reached.append(here[1])
        invisible += [here] if here[2] == "none" else []
    else:
        pytest.fail("Tab never left the page")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('input, select, textarea')].filter((each) => !each.labels.length).map((each) => each.id)"""
    )
    assert unnamed == []
    assert page.get_by_role("article", name=PAGE).count() == 1
    assert {f"Accept {name}" for name in (PAGE, PAY, READ)} <= set(reached)
    assert invisible == []


def test_mode_and_approval_are_chosen_per_meta_tool(open_review, decided):
    page = open_review()
    card(page, READ).get_by_label("Installed as").select_option("append")
    expect(card(page, READ)).to_contain_text("a person chose it")
    card(page, PAGE).get_by_label("page_team", exact=True).check()
    expect(card(page, PAGE)).to_be_focused()
    page.reload()
    page.wait_for_selector(".card")
    assert card(page, PAGE).get_by_label("page_team", exact=True).is_checked()
    assert decided()[PAGE].approval == ("page_team",)
    assert (decided()[READ].mode, decided()[READ].chosen) == ("append", ("mode",))
    disabled = card(page, PAGE).locator("option:disabled").all_text_contents()
    assert {"entry", "continue"} <= set(disabled)


def test_a_name_that_is_taken_is_refused_in_words_and_nothing_is_saved(open_review, decided):
    page = open_review()
    before = decided()
    card(page, READ).get_by_role("button", name="Rename").click()
    card(page, READ).get_by_label("Name", exact=True).fill(PAGE)
    card(page, READ).get_by_role("button", name="Save").click()
    page.wait_for_selector("#message:not([hidden])")
    assert "two meta-tools are called" in page.inner_text("#message")
    assert decided() == before


def test_what_a_second_editor_wrote_is_seen_and_not_lost(open_review, decided, toolkit):
    page = open_review()
    update_plan(toolkit, lambda plan: rename(accept(plan, PAY, by="Bob"), READ, "orders"))
    card(page, PAGE).get_by_role("button", name="Accept").click()
    page.wait_for_selector("#message:not([hidden])")
    assert "changed by somebody else" in page.inner_text("#message")
    assert card(page, "orders").count() == 1
    assert standing_of(decided()[PAGE]) == "undecided"
    card(page, PAGE).get_by_role("button", name="Accept").click()
    page.wait_for_selector(f"#tool-{PAGE}.accepted")
    assert decided()[PAY].decision.by == "Bob"
    assert decided().keys() == {PAGE, PAY, "orders"}


def test_a_file_that_was_edited_by_hand_is_not_vouched_for(open_review, toolkit):
    page = open_review()
    data = json.loads(toolkit.read_text())
    data["meta_tools"][0]["description"] = "Something else."
    toolkit.write_text(json.dumps(data))
    edited = toolkit.read_bytes()
    card(page, PAGE).get_by_role("button", name="Accept").click()
    page.wait_for_selector("#message:not([hidden])")
    page.reload()
    page.wait_for_selector("#message:not([hidden])")
    assert "edited since it was sealed" in page.inner_text("#message")
    card(page, PAGE).get_by_role("button", name="Accept").click()
    expect(page.locator("#message")).to_contain_text("awo seal")
    assert toolkit.read_bytes() == edited


def test_both_sides_of_a_decision_and_recorded_runs_are_shown(open_review):
    page = open_review()
    shown = card(page, PAGE).inner_text()
    assert "20 of 20 went on" in shown
    assert "0 of 40 went on" in shown
    assert 'the severity returned by step 1 is "high"' in shown
    card(page, PAGE).locator("summary").click()
    same, stops = (
        card(page, PAGE).locator(".example.same").first,
        card(page, PAGE).locator(".example.stops").first,
    )
    assert "Recorded: 2 model calls" in same.inner_text()
    assert "With it: 1 model call" in same.inner_text()
    assert 'page_team({"team":"team-0-0"})' in same.inner_text()
    assert "page_team" not in stops.locator(".pair").inner_text().replace(PAGE, "")


def test_on_a_phone_in_the_dark_nothing_scrolls_sideways_and_the_page_is_dark(open_review):
    page = open_review(width=390, dark=True)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    page.evaluate("document.querySelectorAll('form').forEach((part) => { part.hidden = false; })")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 19, 23)"


HOSTILE = "<img src=x onerror=alert(1)></script><b>\u202egnp.exe"


def test_hostile_text_is_shown_as_text(open_review, toolkit, plan, examples, monkeypatch):
    first = plan.meta_tools[0]
    spec = replace(first.parameters[0], schema={"type": "string", "description": HOSTILE})
    hostile = replace(first, description=HOSTILE, mode_reason=HOSTILE, parameters=(spec,))
    write_plan(accept(replace(plan, meta_tools=(hostile,)), first.name, reason=HOSTILE, by=HOSTILE), toolkit)
    call = ShownCall(tool=HOSTILE, args=HOSTILE, output=HOSTILE, step=1)
    example = ExampleRun(
        trace_id="t",
        task=HOSTILE,
        outcome="more",
        recorded=((call,),),
        parameters=HOSTILE,
        made=(call,),
        saved=0,
    )
    monkeypatch.setitem(examples, routine_digest(hostile), Examples(counts={"more": 1}, shown=(example,)))
    page = open_review()
    page.locator("summary").first.click()
    assert page.locator(".example .output").first.inner_text() == HOSTILE.replace("\u202e", "\\u202e")
    assert page.locator("img, .card b, .card script").count() == 0
    assert "<img src=x onerror=alert(1)></script><b>\\u202egnp.exe" in card(page, first.name).inner_text()
    assert "\u202e" not in page.content()
    assert read_plan(toolkit).meta_tools[0].description == HOSTILE
