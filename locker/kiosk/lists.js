// Lists of doors, for staff: each with its sign and a few words; where a door can be chosen, its line is the button.
import { HEIGHT, columns } from "./cabinet.js";
import { button, filled, make } from "./make.js";
import { sign } from "./signs.js";

const ROWS = { small: 12, landscape: 16, portrait: 24 };
const ROWS_LONG = 10; // on the small display, in a language whose words need two lines

/** The door that an offer is about, 0 for none. */
export const about = (offer) => (offer.startsWith("door:") ? Number(offer.slice(5)) : 0);

/** The doors' list, page by page where there is no room for all. All doors on the tall display stand as in the cabinet. */
export function listed(state, shown, said, act, own) {
  const choices = new Set(shown.offers.map(about));
  const entry = (row, text) => line(row, text, choices.has(row.door), act);
  if (!state.landscape && shown.rows.length === state.setup.doors.length) return [standing(state, shown, said, entry)];
  const size = state.small && state.language !== "zh" ? ROWS_LONG : ROWS[state.landscape ? (state.small ? "small" : "landscape") : "portrait"];
  const pages = Math.ceil(shown.rows.length / size);
  const page = state.page % pages;
  const entries = shown.rows.slice(page * size, (page + 1) * size).map((row, index) => entry(row, said.rows[page * size + index]));
  const list = make("ul", { class: "list", "data-short": shown.rows.length <= size / 2 }, entries);
  list.style.setProperty("--rows", size / 2);
  if (pages === 1) return [list];
  const number = filled(own.page, { count: page + 1 });
  return [list, button("page", own.next_page, act.page, { "aria-label": `${own.next_page}, ${number}`, class: "turn" })];
}

/** Every door where it is and as high as it is, with what is to be said of it. */
function standing(state, shown, said, entry) {
  const texts = new Map(shown.rows.map((row, index) => [row.door, [row, said.rows[index]]]));
  return make("div", { class: "standing" }, columns(state.setup.doors).map((column) => make("ul", { class: "list" }, column.map((door) => {
    const found = entry(...texts.get(door.door));
    found.style.setProperty("flex-grow", HEIGHT[door.size]);
    return found;
  }))));
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
