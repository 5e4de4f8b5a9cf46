// The drawing of the whole cabinet, made from the configuration: which door is meant.
import { draw, filled, make } from "./make.js";

const SIDES = ["left", "middle", "right"];
export const HEIGHT = { S: 17, M: 23, L: 30 };
const WIDE = 100;
const TALL = 3;
const GAP = 8;
const EDGE = 46;

/** The doors in their columns, from left to right and from top to bottom. */
export const columns = (doors) => SIDES.map((side) => doors.filter((door) => door.side === side).sort((a, b) => a.row - b.row))
  .filter((column) => column.length);

/** Where each door is in the drawing: columns as they stand, doors as high as their size, columns equally tall. */
function plan(doors) {
  const found = columns(doors);
  const tall = (column) => column.reduce((sum, door) => sum + HEIGHT[door.size] * TALL, 0);
  const height = Math.max(...found.map(tall));
  const boxes = found.flatMap((column, index) => {
    let y = EDGE;
    return column.map((door) => {
      const high = (HEIGHT[door.size] * TALL * height) / tall(column);
      const box = { ...door, x: EDGE + index * (WIDE + GAP), y, high: high - GAP, column: index };
      y += high;
      return box;
    });
  });
  return { boxes, count: found.length, width: 2 * EDGE + found.length * (WIDE + GAP) - GAP, height: 2 * EDGE + height - GAP };
}

/** Draw it. `lit` is the door that is meant, 0 for none. */
export function cabinet(setup, words, lit, place) {
  const { boxes, count, width, height } = plan(setup.doors);
  const label = lit ? filled(words.drawing_door, { place }) : words.drawing;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    draw("rect", { class: "case", x: EDGE - 12, y: EDGE - 12, width: width - 2 * EDGE + 24, height: height - 2 * EDGE + 24, rx: 10 }),
    boxes.map((box) => doorBox(box, box.door === lit)),
    pointers(boxes.find((box) => box.door === lit), count, width));
  const frame = make("div", { class: "drawing" }, svg);
  frame.style.setProperty("--shape", `${width} / ${height}`);
  return frame;
}

function doorBox(box, lit) {
  const number = draw("text", { x: box.x + WIDE / 2, y: box.y + box.high / 2 - 2, "font-size": lit ? Math.min(50, box.high * 0.92) : 40 }, String(box.door));
  return draw("g", { class: "door", "data-door": box.door, "data-lit": lit },
    draw("rect", { x: box.x, y: box.y, width: WIDE, height: box.high, rx: 6 }), number);
}

/** Two arrow heads outside the case: one above the column, one beside the row. */
function pointers(box, count, width) {
  if (!box) return null;
  const centre = box.x + WIDE / 2;
  const middle = box.y + box.high / 2;
  const right = box.column > 0 && box.column === count - 1;
  const [edge, tip] = right ? [width - 2, width - 30] : [2, 30];
  return [
    draw("path", { class: "pointer", d: `M${centre - 24} 2h48l-24 28z` }),
    draw("path", { class: "pointer", d: `M${edge} ${middle - 24}v48l${tip - edge} -24z` }),
  ];
}
