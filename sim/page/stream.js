// The live MQTT stream, newest on top; one click shows the message as it came.
import { make } from "./make.js";
import { languages } from "./words.js";

const KEPT = 200;
const items = [];
let newest = 0;

/** Take in one message. */
export function add(item) {
  if (item.n <= newest) return;
  newest = item.n;
  items.unshift(item);
  items.length = Math.min(items.length, KEPT);
  const list = document.getElementById("news");
  list.prepend(line(item));
  while (list.children.length > KEPT) list.lastElementChild.remove();
  count();
}

/** Draw everything again, after a change of language. */
export function redraw() {
  document.getElementById("news").replaceChildren(...items.map(line));
}

function line(item) {
  const [large, small] = languages();
  const when = new Date(item.at_ms).toLocaleTimeString("zh-CN", { hour12: false });
  const head = make("button", { type: "button", "aria-expanded": "false", "data-tone": item.tone },
    make("span", { class: "when" }, when),
    make("span", { class: "said", lang: large }, item[large]),
    make("span", { class: "second", lang: small }, item[small]));
  const row = make("li", {}, head);
  head.addEventListener("click", () => {
    const open = row.querySelector("pre");
    if (open) open.remove();
    else row.append(make("pre", {}, `${item.topic}\n${pretty(item.raw)}`));
    head.setAttribute("aria-expanded", String(!open));
  });
  return row;
}

function pretty(raw) {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}

function count() {
  document.getElementById("stream-count").textContent = `MQTT ${newest}`;
}
