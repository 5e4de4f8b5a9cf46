// The clock of the cabinet's machine: what it says, how far it is trusted, and hands that can be moved.
import { flag, make, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, word } from "./words.js";

const TURNS = ["back", "forward", "lost", "rtc", "woke", "right"];
let last = null;

/** Draw the clock; it goes on by itself. */
export function draw(state) {
  last = state;
  const box = document.getElementById("clock");
  const clock = state.clock;
  const pressed = { back: clock.offset_ms < 0, forward: clock.offset_ms > 0, lost: clock.quality === "floor", rtc: clock.quality === "rtc" };
  const shape = JSON.stringify([clock, languages()]);
  if (box.dataset.shape === shape) return;
  box.dataset.shape = shape;
  box.replaceChildren(
    make("p", { class: "face" }, make("b", { id: "face" }), make("span", {}, `${word("says")} ${word(`quality_${clock.quality}`)}`)),
    ...TURNS.map((turn) => worded("plain", turn, () => act("clock", { set: turn }), { "data-bad": Boolean(pressed[turn]) })),
    make("p", { class: "note" }, `${word("believes")} `, make("b", {}, clock.believed ? word(`quality_${clock.believed}`) : "–"),
      ` ${word("clock_note")}`),
  );
  flag(box, "data-wrong", clock.offset_ms !== 0 || clock.quality !== "synced");
  tick();
}

function tick() {
  const face = document.getElementById("face");
  if (!last || !face) return;
  const [large] = languages();
  face.textContent = new Date(Date.now() + last.clock.offset_ms).toLocaleString(large === "zh" ? "zh-CN" : "en-GB", { hour12: false });
}

setInterval(tick, 1000);
