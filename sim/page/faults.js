// The trouble switches: what goes wrong at other people's cabinets, at the press of a button.
import { doorPicker } from "./cabinet.js";
import { button, make, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, other, word } from "./words.js";

let door = 5;
let drawn = "";
let last = null;

/** Draw the switches in their present position. */
export function draw(state) {
  last = state;
  const own = state.doors.find((each) => each.door === door) || state.doors[0];
  const shape = JSON.stringify([own, state.plugs, languages(), state.doors.map((each) => each.papers)]);
  if (shape === drawn) return;
  drawn = shape;
  const toggle = (name, on) => worded("plain", name, () => act("fault", { door, fault: name }), { "data-bad": on });
  document.getElementById("switches").replaceChildren(
    plug("board", state.plugs), plug("scanner", state.plugs), plug("network", state.plugs),
    worded("plain", "power", () => act("power"), { id: "power-cut" }),
    make("label", { class: "all" }, word("which"), doorPicker(state, door, choose)),
    toggle("jam", own.jam === "jam"), toggle("press_jam", own.jam === "press_jam"), toggle("stuck", Boolean(own.sensor)),
    worded("plain", "press", () => act("press", { door })),
    worded("plain wide", "force", () => act("force", { door })),
    worded("plain wide", "remote", () => act("remote", { door })),
  );
}

function choose(chosen) {
  door = chosen;
  if (last) draw(last);
}

function plug(name, plugs) {
  const on = plugs[name];
  return button("plain", word(name), word(on ? "on" : "off"), () => act("plug", { part: name, on: !on }),
    { "data-bad": !on, "aria-label": `${word(name)} ${other(name)}`, "aria-pressed": false });
}
