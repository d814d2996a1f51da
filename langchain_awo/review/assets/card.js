// One meta-tool: what it does, why it is believed, and what a person decides about it.

import { button, counted, element, figure, number, sides, tokens } from "./parts.js";

const STANDING = { undecided: "undecided", accepted: "accepted", rejected: "rejected", changed: "changed since accepted" };

const OUTCOMES = {
  same: ["The same", "It makes the same calls as the agent did, in one call."],
  more: ["More reads", "It also makes reads that the agent did not make."],
  stops: ["Stops", "Its condition does not hold here, so it stops before the write and the model continues."],
  unwanted: ["A write the agent did not make", "Called here, it would write although the recorded agent did not."],
};

export function card(tool, state, act) {
  const id = `tool-${tool.name}`;
  const made = element("article", { class: `card ${tool.standing}`, id, tabindex: "-1", "aria-labelledby": `${id}-name` },
    head(tool, id), element("p", { class: "about" }, tool.description), withheld(tool), actions(tool, act),
    steps(tool), evidence(tool, state), settings(tool, act, id), examples(tool, state));
  made.dataset.name = tool.name;
  return made;
}

function head(tool, id) {
  return element("header", {},
    element("h2", { id: `${id}-name` }, tool.name),
    element("span", { class: `tag ${tool.writes ? "writes" : "reads"}` }, tool.writes ? "writes" : "reads only"),
    element("span", { class: `tag standing` }, STANDING[tool.standing]),
    element("span", { class: "quiet" }, tool.in_one));
}

function withheld(tool) {
  const said = [tool.by && `by ${tool.by}`, tool.at && tool.at.slice(0, 10), tool.reason && `“${tool.reason}”`].filter(Boolean).join(", ");
  if (tool.standing === "accepted" || tool.standing === "rejected") return said && element("p", { class: "decided" }, `${STANDING[tool.standing]} ${said}`);
  return tool.withheld && element("p", { class: "waits" }, `Not installed: ${tool.withheld}.`);
}

function actions(tool, act) {
  const send = (action, value = "") => act({ name: tool.name, action, value });
  const name = tool.name;
  const reason = element("input", { id: `why-${name}`, maxlength: "500", placeholder: "for example: finance checks each refund" });
  const asking = element("form", { class: "inline", hidden: true, onsubmit: (event) => { event.preventDefault(); send("reject", reason.value); } },
    element("label", { for: `why-${name}` }, "Why is it rejected?"), reason,
    element("button", { type: "submit", class: "no" }, "Reject"), button("Cancel", () => { asking.hidden = true; opener.focus(); }));
  const opener = button("Reject…", () => { asking.hidden = false; reason.focus(); }, { class: "no", "data-key": "r", "aria-label": `Reject ${name}` });
  const editing = editor(tool, act);
  const edit = button("Rename, reword", () => { editing.hidden = !editing.hidden; if (!editing.hidden) editing.querySelector("input").focus(); },
    { "data-key": "e", "aria-label": `Rename or reword ${name}` });
  return element("div", {},
    element("div", { class: "actions" },
      tool.standing !== "accepted" && button(tool.standing === "changed" ? "Accept again" : "Accept", () => send("accept"), { class: "yes", "data-key": "a", "aria-label": `Accept ${name}` }),
      tool.standing !== "rejected" && opener,
      tool.standing !== "undecided" && button("Withdraw", () => send("undecide"), { "aria-label": `Withdraw the decision about ${name}` }),
      edit),
    asking, editing);
}

function editor(tool, act) {
  const name = element("input", { id: `name-${tool.name}`, value: tool.name, maxlength: "64", pattern: "[A-Za-z0-9_\\-]{1,64}", required: true });
  const words = element("textarea", { id: `words-${tool.name}`, rows: "4", maxlength: "4000", required: true });
  words.value = tool.description;
  const save = async (event) => {
    event.preventDefault();
    const reworded = words.value.trim() !== tool.description.trim();
    if (reworded && !(await act({ name: tool.name, action: "reword", value: words.value }))) return;
    if (name.value !== tool.name) await act({ name: tool.name, action: "rename", value: name.value, focus: name.value });
    else if (!reworded) form.hidden = true;
  };
  const form = element("form", { class: "editor", hidden: true, onsubmit: save },
    element("label", { for: name.id }, "Name"), name,
    element("label", { for: words.id }, "What the model is told"), words,
    element("div", { class: "actions" }, element("button", { type: "submit", class: "yes" }, "Save"), button("Cancel", () => { form.hidden = true; })));
  return form;
}

function steps(tool) {
  return element("section", {}, element("h3", {}, "What it does"),
    element("p", { class: "call" }, element("code", {}, tool.head)),
    element("ol", { class: "steps" }, ...tool.steps.map(step)));
}

function step(each) {
  const guard = each.guard && element("div", { class: "guard" },
    element("p", {}, element("strong", {}, "Decision point. "), each.guard.words),
    element("code", {}, `if ${each.guard.text}`), sides(each.guard));
  return element("li", { class: each.reads ? "read" : "write" }, guard,
    element("code", { class: "line" }, each.call),
    element("p", { class: "quiet" }, each.words), doubts(each));
}

// Arguments that the recordings contradict, or that two places explain alike.
function doubts(each) {
  const found = each.arguments.filter((one) => one.contradict || one.tied.length);
  if (!found.length) return null;
  return element("ul", { class: "doubts" }, ...found.map((one) => element("li", {},
    `${one.name}: ${one.binding} was right ${counted(one.agree, "time")}` + (one.contradict ? `, wrong ${counted(one.contradict, "time")}` : "") +
    (one.tied.length ? `; as likely ${one.tied.join(" or ")}` : ""))));
}

function evidence(tool, state) {
  const seen = tool.evidence;
  const exact = seen.held_out ? `${number(seen.held_out_exact)} of ${number(seen.held_out)}` : `${number(seen.occurrences)}`;
  return element("section", {}, element("h3", {}, "Evidence and value"),
    element("dl", { class: "figures" },
      figure(exact, seen.held_out ? "held-out places reproduced exactly" : "places"),
      figure(number(seen.tasks), "different tasks"),
      figure(seen.calls_saved.toFixed(1), "model calls saved in one use"),
      figure(number(tool.worth.calls), `model calls saved in ${state.runs} runs`),
      figure(tokens(tool.worth.tokens)[0], `${tokens(tool.worth.tokens)[1]} in ${state.runs} runs`),
      figure(number(tool.worth.over_fetch), `unused calls in ${state.runs} runs`)));
}

function settings(tool, act, id) {
  const mode = element("select", { id: `${id}-mode`, onchange: () => act({ name: tool.name, action: "mode", value: mode.value, focus: tool.name, then: `${id}-mode` }) },
    ...["append", "replace", "continue", "entry", "prefetch"].map((each) =>
      element("option", { value: each, selected: each === tool.mode, disabled: !tool.modes.includes(each) && each !== tool.mode }, each)));
  const boxes = tool.tools.map((each) => {
    const box = element("input", { type: "checkbox", checked: tool.approval.includes(each), value: each, onchange: () => ask() });
    return element("label", {}, box, element("code", {}, each));
  });
  const ask = () => act({ name: tool.name, action: "approval", value: boxes.map((each) => each.firstChild).filter((box) => box.checked).map((box) => box.value) });
  return element("section", { class: "settings" },
    element("div", {}, element("label", { for: `${id}-mode` }, "Installed as"), mode,
      element("p", { class: "quiet" }, tool.mode_reason)),
    element("fieldset", {}, element("legend", {}, "Ask a person before each call of"), ...boxes));
}

function examples(tool, state) {
  if (!tool.examples.length) {
    const why = state.has_traces ? "It applies nowhere in the traces that were given." : "Give --traces to see recorded runs side by side.";
    return element("p", { class: "quiet none" }, why);
  }
  const counts = Object.entries(tool.counts).map(([kind, count]) => `${counted(count, "place")}: ${OUTCOMES[kind][0].toLowerCase()}`).join(" · ");
  return element("details", { class: "examples" }, element("summary", {}, `Recorded runs, without and with it (${counts})`),
    ...tool.examples.map((each) => example(each, tool)));
}

function example(each, tool) {
  const [title, words] = OUTCOMES[each.outcome];
  return element("div", { class: `example ${each.outcome}` },
    element("h4", {}, title, element("span", { class: "quiet" }, ` ${words} Task ${each.task || each.trace_id}.`)),
    element("div", { class: "pair" },
      column(`Recorded: ${counted(each.recorded.length, "model call")}`, each.recorded.map((calls) => element("li", {}, ...calls.map(call)))),
      column(`With it: ${counted(Math.max(1, each.recorded.length - each.saved), "model call")}`, [
        element("li", {}, element("code", { class: "line" }, `${tool.name}(${each.parameters})`), ...each.made.map(call))])));
}

function column(title, items) {
  return element("div", {}, element("h5", {}, title), element("ol", {}, ...items));
}

function call(each) {
  const kind = each.is_extra ? "extra" : each.step ? "own" : "other";
  return element("div", { class: `made ${kind}` },
    element("code", { class: "line" }, each.is_extra ? `${each.tool}: the agent did not call it` : `${each.tool}(${each.args})`),
    each.output && element("code", { class: "output" }, each.output));
}
