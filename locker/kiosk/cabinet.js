// The drawing of the whole cabinet, made from the configuration: which door is meant, and how the others are.
import { draw, filled, make } from "./make.js";
import { inset } from "./signs.js";

const SIDES = ["left", "middle", "right"];
const HEIGHT = { S: 17, M: 23, L: 30 };
const WIDE = 100;
const TALL = 3;
const GAP = 8;
const EDGE = 46;

/** Where each door is in the drawing: columns as they stand, doors as high as their size, columns equally tall. */
function plan(doors) {
  const columns = SIDES.map((side) => doors.filter((door) => door.side === side).sort((a, b) => a.row - b.row))
    .filter((column) => column.length);
  const tall = (column) => column.reduce((sum, door) => sum + HEIGHT[door.size] * TALL, 0);
  const height = Math.max(...columns.map(tall));
  const boxes = columns.flatMap((column, index) => {
    let y = EDGE;
    return column.map((door) => {
      const high = (HEIGHT[door.size] * TALL * height) / tall(column);
      const box = { ...door, x: EDGE + index * (WIDE + GAP), y, high: high - GAP, column: index };
      y += high;
      return box;
    });
  });
  return { boxes, columns: columns.length, width: 2 * EDGE + columns.length * (WIDE + GAP) - GAP, height: 2 * EDGE + height - GAP };
}

/** Draw it. `lit` is the door that is meant, 0 for none; `rows` the doors' states where staff see them. */
export function cabinet(setup, words, lit, place, rows = []) {
  const { boxes, columns, width, height } = plan(setup.doors);
  const states = new Map(rows.map((row) => [row.door, row.sign]));
  const label = lit ? filled(words.drawing_door, { place }) : words.drawing;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    draw("rect", { class: "case", x: EDGE - 12, y: EDGE - 12, width: width - 2 * EDGE + 24, height: height - 2 * EDGE + 24, rx: 10 }),
    boxes.map((box) => doorBox(box, box.door === lit, states.get(box.door))),
    pointers(boxes.find((box) => box.door === lit), columns, width));
  const frame = make("div", { class: "drawing" }, svg);
  frame.style.setProperty("--shape", `${width} / ${height}`);
  return frame;
}

function doorBox(box, lit, state) {
  const middle = box.y + box.high / 2;
  const number = draw("text", { x: box.x + (state ? WIDE * 0.3 : WIDE / 2), y: middle - 2, "font-size": lit ? Math.min(50, box.high * 0.92) : 40 }, String(box.door));
  const side = Math.min(40, box.high - 6);
  const mark = state && state !== "empty" ? inset(state, box.x + WIDE - side - 6, middle - side / 2, side) : null;
  return draw("g", { class: "door", "data-door": box.door, "data-lit": lit, "data-sign": state ?? false },
    draw("rect", { x: box.x, y: box.y, width: WIDE, height: box.high, rx: 6 }), number, mark);
}

/** Two arrow heads outside the case: one above the column, one beside the row. */
function pointers(box, columns, width) {
  if (!box) return null;
  const centre = box.x + WIDE / 2;
  const middle = box.y + box.high / 2;
  const right = box.column > 0 && box.column === columns - 1;
  const [edge, tip] = right ? [width - 2, width - 30] : [2, 30];
  return [
    draw("path", { class: "pointer", d: `M${centre - 24} 2h48l-24 28z` }),
    draw("path", { class: "pointer", d: `M${edge} ${middle - 24}v48l${tip - edge} -24z` }),
  ];
}
