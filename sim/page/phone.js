// The resident's phone: choose an errand, get a code from the cloud, hold it to the scanner's window.
import { doorPicker } from "./cabinet.js";
import { button, flag, make, qr, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, other, word } from "./words.js";

const TABS = ["deposit", "collect", "staff", "odd"];
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
  const shape = JSON.stringify([state.phone, state.orders, tab, low, door, languages()]);
  if (shape === drawn) return;
  drawn = shape;
  drawPhone(state.phone);
  document.getElementById("errands").replaceChildren(tabs(), choices(state), hold(state));
}

function again() {
  if (last) draw(last);
}

function drawPhone(code) {
  const [large, small] = languages();
  const phone = document.getElementById("phone");
  const head = make("span", { class: "app" }, word("app"));
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

function staff(state) {
  return make("div", { class: "choices" }, doorPicker(state, door, (chosen) => { door = chosen; again(); }),
    worded("plain", "staff", () => code("staff", { door })),
    worded("plain", "remote", () => act("remote", { door })));
}

function hold(state) {
  const disabled = !state.phone;
  return make("div", { class: "hold" }, button("main", word("hold"), other("hold"), show, { id: "hold", disabled }));
}

const code = (errand, details) => act("code", { errand, ...details });

async function show() {
  const phone = document.getElementById("phone");
  flag(phone, "data-held", true);
  await act("hold");
  setTimeout(() => flag(phone, "data-held", false), 700);
}
