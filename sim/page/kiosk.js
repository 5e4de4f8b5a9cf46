// The real page of the cabinet's display, framed: what a resident touches, in the very words and sizes of the cabinet.
import { make } from "./make.js";

const WIDE = 800;
const TALL = 480;
const glass = document.getElementById("glass");
const real = document.getElementById("real");
let address = "";

/** Know where the controller serves it. */
export function draw(state) {
  if (address === state.kiosk) return;
  address = state.kiosk;
  document.getElementById("kiosk").href = address;
}

function scale() {
  const frame = glass.firstElementChild;
  if (!frame) return;
  const factor = Math.min(glass.clientWidth / WIDE, glass.clientHeight / TALL);
  frame.style.setProperty("transform", `scale(${factor})`);
}

real.addEventListener("click", () => {
  const on = glass.hidden;
  glass.hidden = !on;
  document.getElementById("screen").hidden = on;
  real.setAttribute("aria-pressed", String(on));
  glass.replaceChildren(...(on ? [make("iframe", { src: address, title: real.textContent })] : []));
  scale();
});
addEventListener("resize", scale);
