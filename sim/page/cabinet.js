// The cabinet as it stands in the street, and what a hand can do with its open doors.
import { flag, make, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, word } from "./words.js";

const SIDES = ["left", "middle", "right"];
const ABOVE_CONSOLE = 3;
const HEIGHT = { S: 170, M: 230, L: 300 };
let built = "";

/** Draw the whole state. */
export function draw(state) {
  const shape = JSON.stringify([state.doors.map((door) => [door.door, door.size, door.side, door.row]), languages()]);
  if (shape !== built) build(state);
  built = shape;
  state.doors.forEach((door) => drawDoor(door, state.screen));
  drawConsole(state);
  drawHand(state.doors.filter((door) => door.open));
}

function build(state) {
  const cabinet = document.getElementById("cabinet");
  const [large] = languages();
  const rows = (from, to) => {
    const doors = state.doors.filter((door) => door.row >= from && door.row <= to);
    const tall = Math.max(...SIDES.map((side) => heightOf(doors.filter((door) => door.side === side))));
    const block = make("div", { class: "columns" }, ...SIDES.map((side) => column(doors, side)));
    block.style.setProperty("flex-grow", tall);
    return block;
  };
  cabinet.replaceChildren(
    make("div", { class: "fascia" }, state.cabinet[`name_${large}`], make("small", {}, word("motto"))),
    rows(1, ABOVE_CONSOLE),
    consoleBox(),
    rows(ABOVE_CONSOLE + 1, Infinity),
    make("div", { class: "plinth" }),
  );
}

const heightOf = (doors) => doors.reduce((sum, door) => sum + HEIGHT[door.size], 0);

function column(doors, side) {
  const own = doors.filter((door) => door.side === side).sort((a, b) => a.row - b.row);
  return make("div", { class: `column ${side}` }, ...own.map(doorBox));
}

function doorBox(door) {
  const box = make("div", { class: "door", id: `door-${door.door}`, "data-size": door.size });
  const hollow = make("button", { type: "button", class: "hollow", disabled: true, "aria-label": `${word("put")} / ${word("take")}` });
  hollow.append(make("span", { class: "tag" }, String(door.door)), make("span", { class: "sheet" }));
  hollow.addEventListener("click", () => act(box.hasAttribute("data-papers") ? "take" : "put", { door: door.door }));
  const leaf = make("button", { type: "button", class: "leaf", disabled: true }, String(door.door),
    make("span", { class: "flag" }), make("span", { class: "dot" }));
  leaf.addEventListener("click", () => act("shut", { door: door.door }));
  box.append(hollow, leaf);
  return box;
}

function consoleBox() {
  return make("div", { class: "console", id: "console" },
    make("div", { class: "small" }, make("b"), make("span")),
    make("div", { class: "window" }, word("window")));
}

function drawDoor(door, screen) {
  const box = document.getElementById(`door-${door.door}`);
  const [hollow, leaf] = box.children;
  flag(box, "data-open", door.open);
  flag(box, "data-papers", door.papers);
  flag(box, "data-coil", door.coil);
  flag(box, "data-wanted", Boolean(screen && screen.door === door.door));
  hollow.disabled = leaf.disabled = !door.open;
  leaf.setAttribute("aria-label", [door.door, word("door"), word(door.open ? "open_word" : "shut_word"),
    door.papers ? word("papers") : "", door.open ? word("shut") : ""].join(" "));
  leaf.querySelector(".flag").textContent = door.jam || door.sensor ? "⚠" : "";
}

function drawConsole(state) {
  const box = document.getElementById("console");
  if (!box) return;
  const [large] = languages();
  const screen = state.screen;
  flag(box, "data-reading", state.reading);
  flag(box, "data-dead", !state.plugs.scanner);
  flag(box, "data-dark", !screen);
  box.querySelector("b").textContent = screen && screen.door ? screen.door : "";
  box.querySelector("span").textContent = screen ? screen[large].title : "";
}

function drawHand(open) {
  const hand = document.getElementById("hand");
  if (!open.length) {
    hand.replaceChildren(make("p", { class: "hint" }, word("hint")));
    return;
  }
  hand.replaceChildren(...open.slice(0, 3).map((door) => {
    const moved = door.papers ? "take" : "put";
    return make("div", { class: "row" },
      make("strong", {}, languages()[0] === "zh" ? `${door.door} 号门` : `Door ${door.door}`),
      worded("plain", moved, () => act(moved, { door: door.door })),
      worded("main", "shut", () => act("shut", { door: door.door })));
  }));
}

/** Make the little row of numbers for choosing a door. */
export function doorPicker(state, chosen, choose) {
  const select = make("select", { "aria-label": word("which") });
  for (const door of state.doors) {
    const option = make("option", { value: door.door }, `${door.door} · ${door.size}${door.papers ? ` · ${word("papers")}` : ""}`);
    option.selected = door.door === chosen;
    select.append(option);
  }
  select.addEventListener("change", () => choose(Number(select.value)));
  return select;
}
