// Ties the page together: state in, parts drawn, language switched.
import * as cabinet from "./cabinet.js";
import * as clock from "./clock.js";
import * as faults from "./faults.js";
import * as fittings from "./fittings.js";
import { flag } from "./make.js";
import * as kiosk from "./kiosk.js";
import * as office from "./office.js";
import * as phone from "./phone.js";
import * as screen from "./screen.js";
import * as stream from "./stream.js";
import * as tabs from "./tabs.js";
import * as upkeep from "./upkeep.js";
import { listen } from "./wire.js";
import { languages, swap, word } from "./words.js";

let last = null;

function words() {
  document.documentElement.lang = languages()[0] === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  tabs.draw();
}

function health(name, down) {
  const line = document.getElementById("health");
  line.textContent = word(name);
  flag(line, "data-down", down);
}

function draw(state) {
  last = state;
  health(state.controller.running ? "running" : "down", !state.controller.running);
  cabinet.draw(state);
  screen.draw(state.screen);
  kiosk.draw(state);
  phone.draw(state);
  faults.draw(state);
  office.draw(state);
  clock.draw(state);
  upkeep.draw(state);
  fittings.draw(state);
  document.body.dataset.ready = "yes";
}

document.getElementById("language").addEventListener("click", () => {
  swap();
  words();
  stream.redraw();
  if (last) draw(last);
});
document.getElementById("errands").addEventListener("submit", (event) => event.preventDefault());
words();
listen({ state: draw, news: stream.add, silent: () => health("offline", true) });
