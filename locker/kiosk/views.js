// What is on the stage: one function a view. A view is { tone, words, figure, aside, buttons }, each a list of elements.
import { cabinet } from "./cabinet.js";
import { about, listed } from "./lists.js";
import { button, clauses, filled, make, unbroken } from "./make.js";
import { code, scanning, sign } from "./signs.js";

const MANY = 5;
const FEW = 3;

const title = (text, tone) => make("h1", { class: "title" }, tone ? sign(tone) : null, text);
const line = (look, text) => (text ? make("p", { class: look }, clauses(text)) : null);

/** The words of a language: the page's own, the keypad's and what the codes are. */
const words = (state) => state.setup.words[state.language];

/** The controller is away: say so, and that nothing is lost. */
export function away(state) {
  if (!state.setup) return null;
  const own = words(state).kiosk;
  return { tone: "act", kind: "none", words: [title(own.wait_title, "act"), line("say", own.wait_say), line("next", own.wait_next)] };
}

/** Whether a screen of staff's says no, and has a list or so many buttons that there is no room for it beside them. */
export function crowded(state, shown) {
  return Boolean(shown[state.language].aside) && (shown.rows.length > 0 || shown.offers.length > FEW);
}

/** What staff are refused, before the screen on which they are. */
export function refused(state, shown, act) {
  const said = shown[state.language];
  return {
    tone: "act", kind: "none", words: [title(said.title, "act"), line("say reason", said.aside)],
    figure: [], aside: [], buttons: [button("read", words(state).kiosk.back, act.read, { class: "first" })],
  };
}

/** A screen of the controller's. */
export function screen(state, shown, act) {
  const said = shown[state.language];
  // What staff are refused says what to do next.
  const reason = said.aside && shown.name !== "idle" && !(shown.duty && crowded(state, shown)) ? line("reason", said.aside) : null;
  const lines = [title(said.title, shown.tone), line("say", said.say), reason && shown.duty ? null : line("next", said.next), reason];
  const [kind, figure] = pictured(state, shown, said, act);
  const list = offers(state, shown, said, act);
  return { tone: shown.tone, kind, words: lines, figure, aside: notices(state, shown), buttons: list, many: list.length > MANY };
}

function pictured(state, shown, said, act) {
  const own = words(state);
  if (shown.name === "idle") {
    const proof = shown.invite.length ? proven(shown.invite, own.proofs.invite) : null;
    return ["code", [make("div", { class: "scanner" }, scanning()), proof]];
  }
  if (shown.rows.length) return ["list", listed(state, shown, said, act, own.kiosk)];
  const proof = shown.receipt.length ? proven(shown.receipt, own.proofs.receipt) : null;
  const drawing = shown.door && !(proof && state.landscape) ? cabinet(state.setup, own.kiosk, shown.door, said.place) : null;
  return proof || drawing ? [proof ? "code" : "drawing", [drawing, proof]] : ["none", []];
}

function proven(rows, proof) {
  return make("figure", { class: "proof" }, code(rows, proof.title),
    make("figcaption", {}, make("b", {}, proof.title), make("p", {}, clauses(proof.say))));
}

/** The buttons, best first; on the start page and after a refusal also the way to the keypad. */
function offers(state, shown, said, act) {
  const own = words(state);
  const list = shown.offers.map((name, index) => ({ name, label: said.offers[index] }))
    .filter(({ name }) => name !== "more" && !(shown.rows.length && about(name)));
  // At an open door the thing to do is at the door, and a menu has no best choice: then no button stands out.
  const best = list.length <= MANY && !shown.name.startsWith("open_") && shown.name !== "left_open" && !(shown.duty && shown.door);
  const found = list.map(({ name, label }, index) =>
    button(name, label, () => act.touch(name), { class: best && index === 0 && !shown.digits ? "first" : "" }));
  if (shown.digits && !shown.duty) found.unshift(button("keypad", own.keypad.open, act.keypad, { class: "first" }));
  if (shown.held) found.push(button("start", own.kiosk.start, act.start, { class: "first" }));
  if (shown.locked && shown.name === "idle") found.push(make("p", { class: "locked", id: "lock" }, own.keypad.locked));
  return found;
}

function notices(state, shown) {
  if (shown.duty && state.typed) return [make("p", { class: "say" }, filled(words(state).kiosk.number, { count: state.typed }))];
  if (shown.name !== "idle" || !state.day.notices.length) return [];
  return [make("ul", { class: "notices", "aria-label": words(state).kiosk.today },
    state.day.notices.map((notice) => make("li", {}, clauses(notice[state.language]))))];
}

/** The keypad for a pick-up code. */
export function keypad(state, shown, act) {
  const own = words(state);
  const typed = [...state.typed];
  const count = filled(own.kiosk.typed, { count: typed.length });
  const boxes = Array.from({ length: shown.digits }, (_, index) =>
    make("span", { "data-here": index === typed.length }, typed[index] ?? "\u00a0"));
  const key = (digit) => button(`key-${digit}`, digit, () => act.digit(digit));
  const full = typed.length === shown.digits;
  const pad = make("div", { class: "pad", role: "group", "aria-label": own.keypad.title }, [..."123456789"].map(key),
    button("delete", own.keypad.delete, act.erase, { class: "word" }), key("0"),
    button("confirm", own.keypad.confirm, act.confirm, { class: full ? "word first" : "word", "aria-disabled": !full && "true" }));
  return {
    tone: "", kind: "pad", pad: true,
    words: [title(own.keypad.title), line("next", shown[state.language].digits),
      make("p", { class: "entry", role: "img", "aria-label": typed.length ? count : own.kiosk.empty_pad }, boxes)],
    figure: [pad], aside: [], buttons: [button("back", own.keypad.back, act.back)],
    spoken: `${own.keypad.title} ${count}`,
  };
}

/** Help: whom to call, and how it goes. */
export function help(state, act) {
  const own = words(state).kiosk;
  return {
    tone: "", kind: "none",
    words: [title(own.help_title), make("p", { class: "say" }, unbroken(own.help_call)),
      make("ul", { class: "steps" }, [own.help_deposit, own.help_collect, own.help_safe].map((text) => make("li", {}, clauses(text))))],
    figure: [], aside: [], buttons: [button("back", own.back, act.back, { class: "first" })],
  };
}
