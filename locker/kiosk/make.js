// Making elements: plain DOM, text only as text, so that nothing from the wire can become markup.
const SVG = "http://www.w3.org/2000/svg";

/** Make one element; attributes that are false or missing are left out, children may be elements, strings or nothing. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make one element of a drawing. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Make a button. `key` names it, so that it keeps the focus when the page is drawn anew. */
export function button(key, label, act, attributes = {}) {
  const element = make("button", { type: "button", "data-key": key, ...attributes }, label);
  element.addEventListener("click", act);
  element.addEventListener("mousedown", (event) => event.preventDefault()); // a touch leaves no focus behind
  return element;
}

/** Set or take away an attribute without a value, or with one. */
export function flag(element, name, value) {
  if (value === false || value === "" || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

/** A telephone number stays on one line. */
export const unbroken = (text) =>
  text.replace(/\d[\d -]{5,}\d/g, (number) => number.replaceAll("-", "\u2011").replaceAll(" ", "\u00a0"));

/** Fill in the words in braces that only the page knows. */
export const filled = (text, words) => text.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);

/** A sentence in its clauses, so that a line can end where one takes a breath. */
export const clauses = (text) =>
  unbroken(text).split(/(?<=[，。；？])/).map((clause) => make("span", { class: "clause" }, clause));
