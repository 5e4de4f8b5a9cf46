// The parts beside the doors: mains and battery, the tamper loop, the air inside; and what is on.
import { flag, make, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, word } from "./words.js";

const AIR = ["mild", "hot", "cold", "fresh"];

/** Draw the parts as they stand. */
export function draw(state) {
  const box = document.getElementById("fittings");
  const parts = state.parts;
  const shape = JSON.stringify([parts, languages()]);
  if (box.dataset.shape === shape) return;
  box.dataset.shape = shape;
  if (!parts) {
    box.replaceChildren(make("p", { class: "note" }, word("fit_none")));
    return;
  }
  const set = (part, how = "") => () => act("part", { part, how });
  const on = parts.on.map((name) => word(`fit_${name}`)).join(word("fit_and"));
  box.replaceChildren(
    worded("plain", parts.mains ? "fit_mains" : "fit_no_mains", set("mains"), { "data-bad": !parts.mains, id: "mains" }),
    worded("plain", "fit_battery", set("battery"), { "data-bad": parts.flat, id: "battery" }),
    worded("plain", "fit_tamper", set("tamper"), { "data-bad": parts.tamper, id: "loop" }),
    ...AIR.map((how) => worded("plain", `fit_${how}`, set("air", how), { "data-bad": how === parts.air && how !== "mild", "aria-pressed": how === parts.air })),
    make("p", { class: "note", id: "fit-on" }, `${word("fit_on")} `, make("b", {}, on || word("fit_nothing"))),
    make("p", { class: "note" }, `${word("fit_left")} `, make("b", {}, `${parts.left_s} ${word("fit_s")}`), word("fit_note")),
  );
  flag(box, "data-wrong", !parts.mains);
}
