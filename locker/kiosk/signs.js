// Signs and codes: drawn, so that they look the same everywhere and need no font.
import { draw } from "./make.js";

const PATHS = {
  good: "M3 12l6 6L21 5",
  act: "M12 3v11M12 19v1",
  open: "M5 3h14v18H5zM14 12h1",
  full: "M6 4h9l4 4v12H6zM9 12h7M9 16h7",
  empty: "M5 5h14v14H5z",
  overdue: "M12 3l10 18H2zM12 10v5M12 18v.5",
  off: "M4 4l16 16M20 4L4 20",
  doubt: "M8 8a4 4 0 1 1 5 4l-1 1v2M12 19v1",
};

/** A small sign; the words beside it say the same. */
export function sign(name, look = "sign") {
  const path = draw("path", { d: PATHS[name] ?? PATHS.doubt, fill: "none", stroke: "currentColor", "stroke-width": 3.4,
    "stroke-linecap": "round", "stroke-linejoin": "round" });
  return draw("svg", { class: look, viewBox: "0 0 24 24", "aria-hidden": "true" }, path);
}

/** A QR code's rows ("0110...") with a quiet zone of four modules. */
export function code(rows, label) {
  const side = rows.length + 8;
  let path = "";
  rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g)) path += `M${run.index + 4} ${y + 4}h${run[0].length}v1h-${run[0].length}z`;
  });
  return draw("svg", { class: "code", viewBox: `0 0 ${side} ${side}`, "shape-rendering": "crispEdges", role: "img",
    "aria-label": label }, draw("path", { d: path, fill: "#000" }));
}

/** A telephone with a code on it, held to the window below. */
export function scanning() {
  return draw("svg", { class: "scan", viewBox: "0 0 200 300", "aria-hidden": "true" },
    draw("rect", { x: 50, y: 10, width: 100, height: 150, rx: 14 }),
    draw("path", { class: "fill", d: "M72 45h22v22H72zM106 45h22v22h-22zM72 79h22v22H72zM106 79h10v10h-10zM118 91h10v10h-10zM106 101h10v4h-10z" }),
    draw("path", { d: "M88 146h24" }),
    draw("path", { class: "go", d: "M100 176v44M78 200l22 24 22-24" }),
    draw("path", { d: "M20 250h160v36H20z" }),
    draw("path", { class: "fill", d: "M60 262h80v12H60z" }));
}
