"""The page in a real browser: it works by mouse and by keyboard, in the dark and on a phone, and stays silent."""

from __future__ import annotations

import pytest

from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.metatool import Refused, ToolkitPlan
from tests.reporting.material import chain, hostile_report, meta_tool, report_of, wide_graph

STATES = "#canvas g.state"


@pytest.fixture(scope="module")
def html():
    graph = WorkflowGraph()
    chain(graph, "find_user", "get_order", "cancel_order", weight=30)
    chain(graph, "find_user", "list_tickets", weight=10)
    chain(graph, "search", weight=2)
    before = WorkflowGraph()
    chain(before, "find_user", "get_order", weight=30)
    refused = (
        Refused(routine=("search", "find_user"), code="no_gain", reason="adds too little", occurrences=4),
        Refused(routine=("cancel_order",), code="destructive", reason="the tool is destructive"),
    )
    plan = ToolkitPlan(meta_tools=(meta_tool(), meta_tool("find_user", "list_tickets")), refused=refused)
    days = [
        {
            "day": f"2026-01-0{day}",
            "runs": 10,
            "model_calls": 40 - day,
            "using": day,
            "uses": {meta_tool().name: 1},
        }
        for day in range(1, 8)
    ]
    effects = {"find_user": "read", "cancel_order": "destructive"}
    return report_of(graph, before=before, plan=plan, effects=effects, timeline=days).html


def transform(page):
    return page.locator("#canvas > g").get_attribute("transform")


def labels(page, selector):
    return sorted(page.locator(f"{selector} text.name").all_text_contents())


def test_the_page_shows_the_graph_the_flow_and_the_lines_over_time(open_page, html):
    """Every part that is drawn is there, once for what it stands for."""
    page = open_page(html)
    assert page.locator(STATES).count() == 6
    assert page.locator("#canvas path.edge").count() == 5
    assert page.locator(".flow svg").count() == 2
    assert page.locator(".flow").first.locator("g.box").count() == 3
    assert page.locator(".flow").first.locator("g.arrow").count() == 2
    assert page.locator("#chart-use circle").count() == 7


def test_the_line_of_a_decision_is_as_wide_as_its_weight(open_page, html):
    """Thirty executions are drawn three times as wide as ten."""
    page = open_page(html)
    wide, narrow = (
        float(page.locator("#canvas path.edge", has_text=said).get_attribute("stroke-width"))
        for said in ("get_order: 30 of 40", "list_tickets: 10 of 40")
    )
    assert wide == pytest.approx(3 * narrow)


def test_search_marks_what_matches_and_enter_goes_there(open_page, html):
    """Others fade, Enter chooses a match, clearing brings all back."""
    page = open_page(html)
    page.fill("#find", "order")
    assert labels(page, f"{STATES}.hit") == ["cancel_order", "get_order"]
    assert page.inner_text("#found") == "2 of 6 states match"
    page.press("#find", "Enter")
    assert "get_order" in page.inner_text("#state")
    page.press("#find", "Enter")
    assert "cancel_order" in page.inner_text("#state")
    page.fill("#find", "")
    assert page.locator(f"{STATES}.hit").count() == 0


def test_zoom_by_button_by_key_and_by_wheel_once_the_graph_is_in_use(open_page, html):
    """Each changes the picture; the wheel turns the page until the graph was clicked."""
    page = open_page(html)
    seen = [transform(page)]
    for act in (
        lambda: page.click("#zoom-in"),
        lambda: page.locator("#canvas").press("-"),
        lambda: page.click("#zoom-fit"),
    ):
        act()
        assert transform(page) != seen[-1]
        seen.append(transform(page))
    page.locator("#zoom-fit").focus()
    page.locator("#canvas").hover()
    page.mouse.wheel(0, 50)
    page.wait_for_timeout(100)
    assert transform(page) == seen[-1]
    page.locator("#canvas").click(position={"x": 5, "y": 5})
    page.mouse.wheel(0, -50)
    page.wait_for_function(
        "before => document.querySelector('#canvas > g').getAttribute('transform') !== before", arg=seen[-1]
    )


def test_arrow_keys_walk_the_heaviest_way(open_page, html):
    """From the start right to what most executions did, back, and beside; Escape leaves, Tab goes on."""
    page = open_page(html)
    canvas = page.locator("#canvas")
    canvas.focus()
    walked = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        walked.append(page.locator("#state h3").inner_text())
    assert walked == ["start", "find_user", "get_order", "cancel_order", "get_order"]
    for key in ("ArrowUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert page.locator("#state h3").inner_text() in {"get_order", "list_tickets"}
    page.keyboard.press("Escape")
    assert page.inner_text("#state") == ""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "canvas"


def test_a_chosen_state_says_what_came_before_and_after(open_page, html):
    """Its neighbours are buttons that lead there, its routines links."""
    page = open_page(html)
    page.locator(STATES, has_text="find_user").click()
    assert "Then" in page.inner_text("#state")
    page.locator("#state li button", has_text="list_tickets").click()
    assert page.locator("#state h3").inner_text() == "list_tickets"
    assert page.locator("#state a").get_attribute("href") == "#meta-tool-2"


def test_one_routine_can_be_highlighted_alone(open_page, html):
    """Edges of the others lose their colour."""
    page = open_page(html)
    assert page.locator("#canvas path.edge.routine").count() == 3
    page.select_option("#routine", "1")
    assert labels(page, f"{STATES}.routine") == ["find_user", "list_tickets"]
    page.select_option("#routine", "none")
    assert page.locator("#canvas path.edge.routine").count() == 0


def test_the_recorded_graph_is_one_click_away(open_page, html):
    """The switch between before and after merging draws the other graph."""
    page = open_page(html)
    page.locator("label", has_text="As recorded").click()
    assert page.locator(STATES).count() == 3
    page.locator("input[name=which][value=before]").press("ArrowRight")
    assert page.locator(STATES).count() == 6


def test_refusals_can_be_searched_and_filtered(open_page, html):
    """By words and by kind; the count follows."""
    page = open_page(html)
    visible = page.locator("#refused-table tbody tr:visible")
    assert visible.count() == 2
    page.fill("#refused-find", "too little")
    assert visible.count() == 1
    page.fill("#refused-find", "")
    page.select_option("#refused-code", "destructive")
    assert "cancel_order" in visible.inner_text()
    assert page.inner_text("#refused-count") == "1 of 2 candidates"


def test_use_over_time_can_be_asked_for_one_meta_tool(open_page, html):
    """The line goes where its runs are."""
    page = open_page(html)
    last = page.locator("#chart-use circle title").last
    assert last.text_content() == "2026-01-07: 70%"
    page.select_option("#chart-tool", label="find_user_with_get_order")
    assert last.text_content() == "2026-01-07: 10%"
    page.select_option("#chart-tool", label="find_user_with_list_tickets")
    assert last.text_content() == "2026-01-07: 0%"


def test_everything_can_be_reached_by_keyboard_and_shows_where_the_focus_is(open_page, html):
    """The first Tab offers to skip to the content; Tab comes by every control and out at the end."""
    page = open_page(html)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    reached, invisible = set(), []
    for _ in range(120):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at.closest('label') && at.name ? at.nextElementSibling : at);
            return [at.tagName, at.id, style.outlineStyle]; }"""
        )
        if focus[0] == "BODY":
            break
        reached.add(focus[1])
        if focus[2] == "none":
            invisible.append(focus)
    else:
        pytest.fail("Tab never left the page")
    assert {"canvas", "find", "routine", "zoom-in", "refused-find", "refused-code"} <= reached
    assert invisible == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(open_page, html, width):
    """What is wider than the screen scrolls inside its own box."""
    page = open_page(html, width=width)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_page_is_dark_where_the_reader_wants_it(open_page, html):
    """The background follows the setting, the text is the opposite."""
    shades = []
    for dark in (False, True):
        page = open_page(html, dark=dark)
        shades.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shades == ["rgb(252, 252, 250)", "rgb(17, 19, 23)"]


def test_a_printed_page_has_no_controls_and_opens_what_is_folded(open_page, html):
    """Paper cannot be clicked."""
    page = open_page(html)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".controls").first.is_hidden()
    assert page.locator("nav").is_hidden()
    assert page.locator("details:not([open])").count() == 0


def test_nothing_that_was_recorded_can_run_in_the_page(open_page):
    """A hostile name is shown as text wherever it occurs, with what hides in it made visible."""
    page = open_page(hostile_report().html)
    assert page.locator("img").count() == 0
    page.locator(STATES).nth(1).click()
    for place in ("h1", "#state h3", "#refused-table tbody", ".meta-tool h3", "#about dl"):
        shown = page.locator(place).first.inner_text()
        assert "<img src=x onerror=alert(1)>{{7*7}}\\u202egnp.exe" in shown
    assert "\u202e" not in page.content()


def test_a_program_that_got_into_the_page_all_the_same_would_not_run(browser, html):
    """The policy of the page allows its own programs only, and no handler in an attribute."""
    smuggled = "<script>document.title = 'owned'</script><b onclick=\"document.title = 'owned'\">b</b>"
    page = browser.new_page()
    page.set_content(html.replace("<main", smuggled + "<main"))
    page.locator("main").scroll_into_view_if_needed()
    page.locator("body > b").click()
    assert page.title() == "Meta-tools of traces"
    assert page.locator(STATES).count() == 6
    page.close()


def test_a_thousand_states_are_drawn_and_answer(open_page):
    """At full detail all are there; search, choice and zoom work."""
    page = open_page(report_of(wide_graph(1_000)).html)
    assert page.locator(STATES).count() <= 60
    page.locator("#detail").press("End")
    assert page.locator(STATES).count() == 1_000
    assert page.inner_text("#shown").startswith("1,000 of 1,000 states")
    page.fill("#find", "tool_05")
    assert page.locator(f"{STATES}.hit").count() == 27
    page.press("#find", "Enter")
    assert page.locator("#state h3").inner_text() == "tool_05"
    page.click("#zoom-fit")
    box = page.locator(STATES).last.bounding_box()
    stage = page.locator("#canvas").bounding_box()
    assert stage["y"] - 1 <= box["y"] <= stage["y"] + stage["height"]
