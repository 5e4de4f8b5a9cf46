// The screen's keypad for pick-up codes: large keys for a finger, the number row of a keyboard for everybody else.
// What was typed is on the glass only until it is confirmed, given up, or left alone for a while.
import { button, make } from "./make.js";
import { act } from "./wire.js";
import { languages } from "./words.js";

const LEFT_ALONE_MS = 30_000;
let open = false;
let typed = "";
let screen = null;
let redraw = () => {};
let leaving = 0;

/** Take note of the screen now shown; `again` draws it anew. Returns whether the keypad covers it. */
export function covers(shown, again) {
  screen = shown;
  redraw = again;
  if (!screen || !screen.digits) forget();
  return open;
}

/** Something to add to the cache key of a drawn screen. */
export const shape = () => [open, typed];

/** Make the button that opens the keypad, or that says how long it stays locked. */
export function opener(shown) {
  const [large, small] = languages();
  const [said, also] = [shown[large].keypad, shown[small].keypad];
  if (shown.digits) return button("keys", said.open, also.open, () => { open = true; stay(); redraw(); }, { "data-offer": "keypad" });
  if (!shown.locked) return null;
  return button("keys", said.locked, also.locked, () => {}, { "data-offer": "keypad", "data-wait": "", disabled: true });
}

/** Write the time that is left into a locked keypad's button. */
export function waits(glass, shown, left_ms) {
  const locked = glass.querySelector("[data-wait]");
  if (!locked) return;
  const [large, small] = languages();
  locked.firstChild.textContent = filled(shown[large].keypad, left_ms);
  locked.lastChild.textContent = filled(shown[small].keypad, left_ms);
}

function filled(said, left_ms) {
  const seconds = Math.ceil(left_ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return said.locked.replace("{wait}", `${minutes ? `${minutes} ${said.minute} ` : ""}${seconds % 60} ${said.second}`);
}

/** Make the keypad: what was typed, ten keys, delete, confirm, back. */
export function pad(shown) {
  const [large, small] = languages();
  const [said, also] = [shown[large].keypad, shown[small].keypad];
  const key = (digit) => button("key", digit, "", () => press(digit), { "data-key": digit });
  const boxes = Array.from({ length: shown.digits }, (_, at) => make("span", { "aria-hidden": "true" }, typed[at] || ""));
  return make("div", { class: "pad" },
    make("div", { class: "head" },
      make("p", { class: "title", lang: large }, said.title, make("span", { class: "second", lang: small }, also.title)),
      make("p", { class: "next", lang: large }, said.say, make("span", { class: "second", lang: small }, also.say)),
      make("p", { class: "digits", role: "img", "aria-label": `${typed.length} / ${shown.digits}` }, ...boxes),
      button("back", said.back, also.back, close, { "data-key": "back" })),
    make("div", { class: "keys" }, ...["1", "2", "3", "4", "5", "6", "7", "8", "9"].map(key),
      button("key word", said.delete, also.delete, erase, { "data-key": "delete" }), key("0"),
      button("key word go", said.confirm, also.confirm, confirm, { "data-key": "confirm", disabled: typed.length < shown.digits })));
}

function press(digit) {
  if (typed.length < screen.digits) typed += digit;
  stay();
  redraw();
}

function erase() {
  typed = typed.slice(0, -1);
  stay();
  redraw();
}

function confirm() {
  const digits = typed;
  const number = screen.number;
  close();
  act("type", { digits, screen: number });
}

function close() {
  forget();
  redraw();
}

function forget() {
  open = false;
  typed = "";
  clearTimeout(leaving);
}

function stay() {
  clearTimeout(leaving);
  leaving = setTimeout(close, LEFT_ALONE_MS);
}

document.addEventListener("keydown", (event) => {
  if (!screen || !screen.digits || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target instanceof HTMLSelectElement) return;
  if (/^[0-9]$/.test(event.key)) {
    open = true;
    press(event.key);
  } else if (!open) return;
  else if (event.key === "Backspace") erase();
  else if (event.key === "Escape") close();
  else if (event.key === "Enter" && typed.length === screen.digits) confirm();
  else return;
  event.preventDefault();
});
