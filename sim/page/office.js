// The cloud's office: whose codes count. Revoke a code, rotate the residents' key, cut off, deliver an older set.
import { flag, make, worded } from "./make.js";
import { act } from "./wire.js";
import { languages, word } from "./words.js";

const STEPS = ["next", "switch", "retire"];
let chosen = "";
let newest = "";
let drawn = "";

/** Draw the office. */
export function draw(state) {
  const shape = JSON.stringify([state.office, state.phone.kept, languages()]);
  if (shape === drawn) return;
  drawn = shape;
  const office = state.office;
  document.getElementById("office").replaceChildren(
    make("p", { class: "keys" }, make("span", { class: "edition" }, `${word("set")} ${office.version}`),
      ...office.keys.map(chip),
      make("span", { class: "edition" }, `${word("list")} ${office.list_version} (${office.revoked})`)),
    make("label", { class: "all" }, picker(state.phone.kept),
      worded("plain", "again", () => act("code", { errand: "kept", cti: chosen }), { disabled: !state.phone.kept.length }),
      worded("plain", "revoke", () => act("office", { act: "revoke", cti: chosen }), { disabled: !state.phone.kept.length })),
    make("div", { class: "steps" }, ...STEPS.map((step, index) => {
      const button = worded("plain", step, () => act("office", { act: "rotate", step }), { disabled: office.step !== step });
      button.prepend(`${"①②③"[index]} `);
      return button;
    })),
    make("div", { class: "pair" },
      worded("plain", "cut_off", () => act("office", { act: "cut_off" })),
      worded("plain", "roll_back", () => act("office", { act: "roll_back" }))),
  );
}

function chip(key) {
  const whose = word(key.staff ? "staff_key" : "resident_key");
  const box = make("span", { class: "chip", title: key.kid }, `${whose} ${key.kid.slice(0, 4)} ${word(key.signs ? "signs" : `key_${key.state}`)}`);
  flag(box, "data-state", key.state);
  flag(box, "data-signs", key.signs);
  return box;
}

function picker(kept) {
  const [large] = languages();
  const last = kept.length ? kept[0].cti : "";
  if (last !== newest) chosen = newest = last; // the code shown last, until somebody picks another
  const select = make("select", { "aria-label": word("which_code") });
  if (!kept.length) select.append(make("option", {}, word("no_code")));
  for (const code of kept) {
    const option = make("option", { value: code.cti }, `${code[large]} · ${code.cti.slice(0, 4)}`);
    option.selected = code.cti === chosen;
    select.append(option);
  }
  select.addEventListener("change", () => { chosen = select.value; });
  return select;
}
