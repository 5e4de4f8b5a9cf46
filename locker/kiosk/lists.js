// Lists of doors, for staff: each with its sign and a few words; where a door can be chosen, its line is the button.
import { cabinet } from "./cabinet.js";
import { button, filled, make } from "./make.js";
import { sign } from "./signs.js";

const ROWS = { small: 12, landscape: 16, portrait: 24 };

/** The door that an offer is about, 0 for none. */
export const about = (offer) => (offer.startsWith("door:") ? Number(offer.slice(5)) : 0);

/** The doors' list, page by page where there is no room for all; in portrait with nothing to choose also the drawing. */
export function listed(state, shown, said, act, own) {
  const size = ROWS[state.landscape ? (state.small ? "small" : "landscape") : "portrait"];
  const pages = Math.ceil(shown.rows.length / size);
  const page = state.page % pages;
  const choices = new Set(shown.offers.map(about));
  const entries = shown.rows.slice(page * size, (page + 1) * size).map((row, index) =>
    line(row, said.rows[page * size + index], choices.has(row.door), act));
  const list = make("ul", { class: "list", "data-choice": shown.offers.some(about) }, entries);
  const parts = [!state.landscape && !shown.offers.some(about) ? cabinet(state.setup, own, shown.door, said.place, shown.rows) : null, list];
  if (pages > 1) {
    const number = filled(own.page, { count: page + 1 });
    parts.push(button("page", own.next_page, act.page, { "aria-label": `${own.next_page}, ${number}`, class: "turn" }));
  }
  return parts;
}

function line(row, text, choice, act) {
  const what = make("span", { class: "what" }, [["", text.what], ["item", text.item], ["remark", text.remark]]
    .filter(([, word]) => word).flatMap(([look, word]) => [make("span", { class: look || false }, word), " "]));
  const words = [make("b", {}, String(row.door)), sign(row.sign, "mark"), what];
  if (!choice) return make("li", { "data-sign": row.sign }, make("div", { class: "row" }, words));
  const key = `door:${row.door}`;
  const chosen = button(key, "", () => act.touch(key), { class: "row" });
  chosen.append(...words);
  return make("li", { "data-sign": row.sign }, chosen);
}
