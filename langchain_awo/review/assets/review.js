// The page: asks the server what to show, tells it what was decided, and shows what is true then.

import { card } from "./card.js";
import { counted, number, tokens } from "./parts.js";

const at = (id) => document.getElementById(id);
let state = null;
let order = [];

async function fetched(path, asked) {
  const options = asked ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked) } : {};
  const answer = await fetch(path, options);
  const text = await answer.text();
  let data;
  try { data = JSON.parse(text); } catch { data = { error: text || `the server answered ${answer.status}` }; }
  return { ok: answer.ok, code: answer.status, data };
}

function say(text) {
  at("message").textContent = text;
  at("message").hidden = !text;
}

// Decides, and shows the answer; what somebody else wrote meanwhile is shown instead, and nothing is lost.
async function act({ focus, then, ...asked }) {
  let answer;
  try {
    answer = await fetched("api/decide", { ...asked, by: at("by").value.trim(), stamp: state.stamp });
  } catch {
    say("The review has ended: start it again with awo review. Nothing of this click was saved.");
    return false;
  }
  if (answer.code === 409) await load();
  say(answer.ok ? "" : answer.data.error);
  if (!answer.ok) return false;
  order = order.map((name) => (name === asked.name ? focus || name : name));
  state = answer.data;
  show(focus || asked.name, then);
  return true;
}

async function load() {
  const answer = await fetched("api/state");
  if (!answer.ok) { say(answer.data.error); return; }
  state = answer.data;
  say(state.problem);
  show();
}

function isWaiting(tool) { return Boolean(tool.withheld) && tool.standing !== "rejected"; }

const SHOWN = {
  all: () => true,
  waiting: isWaiting,
  accepted: (tool) => tool.standing === "accepted",
  rejected: (tool) => tool.standing === "rejected",
};

// What waits comes first when the page is opened; afterwards every card keeps its place, also when it is rejected or renamed.
function arranged() {
  if (!order.length) order = [...state.meta_tools.filter(isWaiting), ...state.meta_tools.filter((each) => !isWaiting(each))].map((each) => each.name);
  const place = (each) => (order.includes(each.name) ? order.indexOf(each.name) : order.length);
  return [...state.meta_tools].sort((one, other) => place(one) - place(other));
}

function show(focus, then) {
  const open = new Set([...document.querySelectorAll(".card details[open]")].map((each) => each.closest(".card").dataset.name));
  at("file").textContent = state.file;
  at("origin").textContent = state.compiled_from ? `, compiled from ${state.compiled_from}` : "";
  document.title = `Review of ${state.file}`;
  total();
  const wanted = SHOWN[document.querySelector("input[name=show]:checked").value];
  // a card that was just decided about stays where it was until the filter is used again
  const listed = arranged().filter((each) => wanted(each) || each.name === focus);
  at("list").replaceChildren(...listed.map((each) => card(each, state, act)));
  at("none").hidden = listed.length > 0;
  for (const each of document.querySelectorAll(".card")) {
    const details = each.querySelector("details");
    if (details && open.has(each.dataset.name)) details.open = true;
  }
  const chosen = focus && at(`tool-${focus}`);
  if (chosen) (then && at(then) || chosen).focus({ preventScroll: true });
}

function total() {
  const { installed, all, waiting, worth } = state.total;
  const parts = [
    `${number(installed)} of ${counted(all, "meta-tool")} installed`,
    `In ${state.runs} runs: ${number(worth.calls)} model calls saved, ${tokens(worth.tokens).join(" ")}`,
    waiting ? `${number(waiting)} ${waiting === 1 ? "waits" : "wait"} for you` : "nothing waits",
  ];
  at("total").replaceChildren(...parts.map((text, i) => Object.assign(document.createElement("span"), { textContent: text, className: i === 2 && waiting ? "open" : "" })));
  for (const kind of ["waiting", "accepted", "rejected"]) at(`count-${kind}`).textContent = state.meta_tools.filter(SHOWN[kind]).length;
}

// Keys work only inside a card and never while somebody writes.
document.addEventListener("keydown", (event) => {
  const here = event.target.closest?.(".card");
  if (!here || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const step = { j: "nextElementSibling", k: "previousElementSibling" }[event.key];
  const target = step ? here[step] : here.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (step) { target.focus(); target.scrollIntoView({ block: "start" }); } else target.click();
});

for (const each of document.querySelectorAll("input[name=show]")) each.addEventListener("change", () => show());

load();
