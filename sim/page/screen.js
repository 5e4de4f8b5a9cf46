// The cabinet's screen, close up: what the real controller shows, its buttons and its countdown.
import { flag, make, qr } from "./make.js";
import { act } from "./wire.js";
import { languages, word } from "./words.js";

let ends = 0;
let whole = 0;
let ticking = 0;
let drawn = "";

/** Show a screen, or darkness where the controller is silent. */
export function draw(screen) {
  const shape = JSON.stringify([screen, languages()]);
  if (shape === drawn) return;
  drawn = shape;
  const glass = document.getElementById("screen");
  flag(glass, "data-tone", screen ? screen.tone : false);
  glass.classList.toggle("dark", !screen);
  clearInterval(ticking);
  if (!screen) {
    flag(glass, "data-receipt", false);
    glass.replaceChildren(word("dark"));
    return;
  }
  const proof = receipt(screen);
  flag(glass, "data-receipt", Boolean(proof));
  glass.replaceChildren(...[make("div", { class: "words" }, ...texts(screen)), proof, offers(screen)].filter(Boolean));
  if (screen.remaining_ms) countdown(glass, screen);
}

function texts(screen) {
  const [large, small] = languages();
  const [said, also] = [screen[large], screen[small]];
  return [
    make("p", { class: "title", lang: large }, said.title, make("span", { class: "second", lang: small }, also.title)),
    make("p", { class: "say", lang: large }, said.say),
    make("p", { class: "next", lang: large }, said.next),
    make("p", { class: "notice", lang: large }, said.notice),
    make("p", { class: "also", lang: small }, `${also.say}${small === "en" ? ". " : "。"}${also.next}`),
  ];
}

function receipt(screen) {
  if (!screen.receipt.length) return null;
  const [large, small] = languages();
  const [said, also] = [screen[large], screen[small]];
  return make("figure", { class: "receipt" }, qr(screen.receipt, said.receipt_title),
    make("figcaption", { lang: large }, make("b", {}, said.receipt_title, " ",
      make("span", { class: "second", lang: small }, also.receipt_title)),
    make("span", {}, said.receipt_say), make("span", { class: "second", lang: small }, also.receipt_say)));
}

function offers(screen) {
  const [large, small] = languages();
  return make("div", { class: "offers" }, ...screen.offers.map((offer, index) => {
    const button = make("button", { type: "button", "data-offer": offer }, screen[large].offers[index],
      make("small", {}, screen[small].offers[index]));
    button.addEventListener("click", () => act("touch", { button: offer, screen: screen.number }));
    return button;
  }));
}

function countdown(glass, screen) {
  whole = screen.remaining_ms;
  ends = performance.now() + whole;
  const bar = make("span", { class: "time" });
  const seconds = make("span", { class: "seconds" });
  glass.append(bar, seconds);
  const tick = () => {
    const left = Math.max(0, ends - performance.now());
    bar.style.setProperty("transform", `scaleX(${left / whole})`);
    seconds.textContent = `${Math.ceil(left / 1000)} ${word("seconds")}`;
  };
  tick();
  ticking = setInterval(tick, 200);
}
