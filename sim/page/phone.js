// The resident's phone: choose an errand, get a code from the cloud, hold it to the scanner's window.
import { doorPicker } from "./cabinet.js";
import { button, flag, make, qr, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, other, word } from "./words.js";

const TABS = ["deposit", "collect", "scan", "sms", "staff", "odd"];
const SIZES = ["any", "S", "M", "L"];
const ODD = ["expired", "early", "elsewhere", "forged", "stranger", "foreign", "garbled", "spent", "nobody"];
let tab = "deposit";
let low = false;
let door = 1;
let drawn = "";
let last = null;

/** Draw the phone and the errands. */
export function draw(state) {
  last = state;
  const shape = JSON.stringify([state.phone, state.orders, Boolean(state.screen && state.screen.invite.length), tab, low, door, languages()]);
  if (shape === drawn) return;
  drawn = shape;
  drawPhone(state.phone);
  document.getElementById("errands").replaceChildren(...[tabs(), choices(state), hold(state)].filter(Boolean));
}

function again() {
  if (last) draw(last);
}

function drawPhone(held) {
  const [large, small] = languages();
  const code = held.code;
  const phone = document.getElementById("phone");
  const head = make("span", { class: "app" }, word("app"));
  if (tab === "sms") {
    phone.replaceChildren(head, messages(held.messages));
    return;
  }
  if (tab === "scan") {
    flag(phone, "data-note", held.note.tone || "plain");
    phone.replaceChildren(head, make("div", { class: "viewfinder", "aria-hidden": "true" }),
      make("span", { class: "what" }, held.note[large] || word("scan_hint")), make("span", { class: "second" }, held.note[small]));
    return;
  }
  if (!code) {
    phone.replaceChildren(head, make("div", { class: "none" }, word("empty")));
    return;
  }
  phone.replaceChildren(head, qr(code.rows, code[large]), make("span", { class: "what" }, code[large]),
    make("span", { class: "second" }, code[small]));
}

function tabs() {
  return make("div", { class: "tabs", role: "group" }, ...TABS.map((name) =>
    worded("plain", name, () => { tab = name; again(); }, { "aria-pressed": String(tab === name) })));
}

function choices(state) {
  if (tab === "deposit") return deposit();
  if (tab === "collect") return collect(state.orders);
  if (tab === "staff") return staff(state);
  if (tab === "scan") return scan(state);
  if (tab === "sms") return make("p", { class: "choices" }, make("span", { class: "note" }, word("sms_hint")));
  return make("div", { class: "choices grid" }, ...ODD.map((name) => worded("plain", name, () => code("odd", { odd: name }))));
}

function deposit() {
  return make("div", { class: "choices" },
    ...SIZES.map((size) => worded("plain", size, () => code("deposit", { size, low }))),
    worded("plain", "low", () => { low = !low; again(); }, { "aria-pressed": String(low) }));
}

function collect(orders) {
  if (!orders.length) return make("p", { class: "choices" }, make("span", { class: "note" }, word("nothing_held")));
  const [large] = languages();
  return make("div", { class: "choices grid" }, ...orders.slice(0, 12).map((order) =>
    button("plain", large === "zh" ? `${order.door} 号柜` : `Door ${order.door}`, order.order, () => code("collect", { order: order.order }))));
}

function scan(state) {
  const [large] = languages();
  const collected = state.orders.slice(0, 4).map((order) =>
    button("plain", large === "zh" ? `取 ${order.door} 号柜` : `Collect ${order.door}`, order.order, () => act("scan", { how: "now", order: order.order })));
  return make("div", { class: "choices grid" }, worded("plain", "scan_deposit", () => act("scan", { how: "now" }), { id: "scan-now" }),
    worded("plain", "scan_old", () => act("scan", { how: "old" })), worded("plain", "scan_used", () => act("scan", { how: "used" })),
    ...collected);
}

function messages(all) {
  const [large] = languages();
  if (!all.length) return make("div", { class: "none" }, word("no_sms"));
  return make("ol", { class: "messages" }, ...all.slice(0, 3).map((message) =>
    make("li", { "data-over": message.over }, message.over ? `${message[large].split("。")[0].split(". ")[0]} ${word("sms_over")}` : message[large])));
}

function staff(state) {
  return make("div", { class: "choices" }, doorPicker(state, door, (chosen) => { door = chosen; again(); }),
    worded("plain", "staff", () => code("staff", { door })),
    worded("plain", "badge", () => code("badge", {})), worded("plain", "label", () => code("label", {})),
    worded("plain", "remote", () => act("remote", { door })));
}

function hold(state) {
  if (tab === "scan" || tab === "sms") return null;
  const disabled = !state.phone.code;
  return make("div", { class: "hold" }, button("main", word("hold"), other("hold"), show, { id: "hold", disabled }));
}

const code = (errand, details) => act("code", { errand, ...details });

async function show() {
  const phone = document.getElementById("phone");
  flag(phone, "data-held", true);
  await act("hold");
  setTimeout(() => flag(phone, "data-held", false), 700);
}
