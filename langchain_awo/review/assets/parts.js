// Builds elements. Text only ever becomes text nodes: nothing that was recorded can become markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value === "boolean") made[name] = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((each) => each !== null && each !== undefined && each !== false && each !== ""));
  return made;
}

export const number = (value) => Math.round(value).toLocaleString("en-US").replace("-", "−");

export const counted = (count, noun, plural = `${noun}s`) => `${number(count)} ${count === 1 ? noun : plural}`;

export function button(text, act, attributes = {}) {
  return element("button", { type: "button", onclick: act, ...attributes }, text);
}

// Both sides of a decision: where the condition held, and where it did not.
export function sides(guard) {
  const side = (held, all, followed, kind) => {
    const share = all ? followed / all : 0;
    const bar = element("span", { class: `fill ${kind}` });
    bar.style.width = `${Math.round(share * 100)}%`;
    return element("div", { class: "side" },
      element("span", { class: "when" }, held),
      element("span", { class: "track", role: "img", "aria-label": `${followed} of ${all}` }, bar),
      element("span", { class: "share" }, all ? `${number(followed)} of ${number(all)} went on` : "never seen"));
  };
  if (!guard.held && !guard.others) return element("p", { class: "quiet" }, "No recorded run bears this condition out.");
  return element("div", { class: "sides" },
    side("where it held", guard.held, guard.followed, "yes"),
    side("where it did not", guard.others, guard.others_followed, "no"));
}

// Tokens that a toolkit saves, or that it takes more: nobody reads a minus before what is saved.
export function tokens(amount) {
  return amount < 0 ? [number(-amount), "more tokens"] : [number(amount), "tokens saved"];
}

export function figure(value, label) {
  return element("div", {}, element("dt", {}, label), element("dd", {}, value));
}
