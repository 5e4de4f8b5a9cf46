// The tabs of the card at the side: troubles, the cloud's office, the machine's clock, the technician's view, the power.
import { word, other } from "./words.js";

let chosen = "switches";

/** Name the tabs in the present language and show the chosen part. */
export function draw() {
  for (const tab of document.querySelectorAll("[data-part]")) {
    const part = tab.dataset.part;
    tab.replaceChildren(word(`part_${part}`), Object.assign(document.createElement("small"), { textContent: other(`part_${part}`) }));
    tab.setAttribute("aria-selected", String(part === chosen));
    document.getElementById(part).hidden = part !== chosen;
  }
}

for (const tab of document.querySelectorAll("[data-part]")) {
  tab.addEventListener("click", () => {
    chosen = tab.dataset.part;
    draw();
  });
}
