// The cabinet's screen, close up: what the real controller shows, its buttons, its keypad and its countdown.
import * as keypad from "./keypad.js";
import { flag, make, qr } from "./make.js";
import { act } from "./wire.js";
import { languages, word } from "./words.js";

const PROOFS = ["receipt", "invite"];
let ends = 0;
let whole = 0;
let ticking = 0;
let drawn = "";
let remaining = "";
let last = null;

/** Show a screen, or darkness where the controller is silent. */
export function draw(screen) {
  last = screen;
  const covered = keypad.covers(screen, () => draw(last));
  const shape = JSON.stringify([screen, languages(), keypad.shape()]);
  if (shape === drawn) return;
  drawn = shape;
  const glass = document.getElementById("screen");
  flag(glass, "data-tone", screen ? screen.tone : false);
  glass.classList.toggle("dark", !screen);
  clearInterval(ticking);
  const proof = screen && !covered ? PROOFS.find((name) => screen[name].length) : null;
  flag(glass, "data-side", proof || false);
  flag(glass, "data-pad", covered);
  if (!screen) glass.replaceChildren(word("dark"));
  else if (covered) glass.replaceChildren(keypad.pad(screen));
  else glass.replaceChildren(...[make("div", { class: "words" }, ...texts(screen)), proof ? figure(screen, proof) : null,
    offers(screen)].filter(Boolean));
  if (screen && screen.remaining_ms) countdown(glass, screen, covered);
}

function texts(screen) {
  const [large, small] = languages();
  const [said, also] = [screen[large], screen[small]];
  return [
    make("p", { class: "title", lang: large }, said.title, make("span", { class: "second", lang: small }, also.title)),
    make("p", { class: "say", lang: large }, said.say),
    make("p", { class: "next", lang: large }, unbroken(said.next)),
    make("p", { class: "notice", lang: large }, said.notice),
    make("p", { class: "also", lang: small }, `${also.say}${small === "en" ? ". " : "。"}${unbroken(also.next)}`),
  ];
}

// A telephone number stays on one line.
const unbroken = (text) => text.replace(/\d[\d -]{6,}\d/g, (number) => number.replaceAll("-", "\u2011").replaceAll(" ", "\u00a0"));

function figure(screen, name) {
  const [large, small] = languages();
  const [said, also] = [screen[large], screen[small]];
  return make("figure", { class: `proof ${name}` }, qr(screen[name], said[`${name}_title`]),
    make("figcaption", { lang: large }, make("b", {}, said[`${name}_title`], " ",
      make("span", { class: "second", lang: small }, also[`${name}_title`])),
    make("span", {}, said[`${name}_say`]), make("span", { class: "second", lang: small }, also[`${name}_say`])));
}

function offers(screen) {
  const [large, small] = languages();
  const buttons = screen.offers.map((offer, index) => {
    const button = make("button", { type: "button", "data-offer": offer }, screen[large].offers[index],
      make("small", {}, screen[small].offers[index]));
    button.addEventListener("click", () => act("touch", { button: offer, screen: screen.number }));
    return button;
  });
  return make("div", { class: "offers" }, ...buttons, keypad.opener(screen));
}

function countdown(glass, screen, covered) {
  const shape = JSON.stringify([screen.number, screen.remaining_ms]);
  if (shape !== remaining) {
    remaining = shape;
    whole = screen.remaining_ms;
    ends = performance.now() + whole;
  }
  const bar = make("span", { class: "time" });
  const seconds = make("span", { class: "seconds" });
  if (!covered && !screen.locked) glass.append(bar, seconds);
  const tick = () => {
    const left = Math.max(0, ends - performance.now());
    bar.style.setProperty("transform", `scaleX(${left / whole})`);
    seconds.textContent = `${Math.ceil(left / 1000)} ${word("seconds")}`;
    keypad.waits(glass, screen, left);
  };
  tick();
  ticking = setInterval(tick, 200);
}
