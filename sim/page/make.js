// Making elements: plain DOM, text only as text, so that nothing from the wire can become markup.
import { other, word } from "./words.js";

/** Make one element; children may be elements, strings or nothing. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Make a button that does one thing; its name in the large language, the other beside or below it. */
export function button(look, label, small, act, attributes = {}) {
  const element = make("button", { type: "button", class: look, ...attributes }, label, small ? make("small", {}, small) : null);
  element.addEventListener("click", act);
  return element;
}

/** Make a button named by an entry of words.js. */
export const worded = (look, name, act, attributes = {}) => button(look, word(name), other(name), act, attributes);

/** Set or remove a flag such as data-open. */
export function flag(element, name, on) {
  if (on) element.setAttribute(name, on === true ? "" : on);
  else element.removeAttribute(name);
}

/** Draw a QR code's rows ("0110...") as one SVG path with a quiet zone of four modules. */
export function qr(rows, label) {
  const space = "http://www.w3.org/2000/svg";
  const size = rows.length + 8;
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const path = document.createElementNS(space, "path");
  let drawn = "";
  rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g)) drawn += `M${run.index + 4} ${y + 4}h${run[0].length}v1h-${run[0].length}z`;
  });
  path.setAttribute("d", drawn);
  path.setAttribute("fill", "#000");
  svg.append(path);
  return svg;
}
