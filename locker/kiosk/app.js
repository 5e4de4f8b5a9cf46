// Ties the page together: what the controller says comes in, one view is drawn, touches go out. It decides nothing about
// doors; all that is its own is the language, the size of the text, the digits being typed and whether help is open.
import { fit } from "./fit.js";
import { follow, say } from "./live.js";
import { button, filled, flag, make } from "./make.js";
import * as views from "./views.js";

const WARN_MS = 15_000;
const MORE_MS = 60_000;
const SETTLED_MS = 300;
const NORMAL = 1.2;
const LARGE = 1.6;
const LANGUAGES = { zh: "zh-CN", en: "en" };

const stage = document.getElementById("stage");
const still = document.getElementById("still");
const landscape = matchMedia("(orientation: landscape)");
const small = matchMedia("(max-width: 1000px)");

const state = {
  setup: null, day: { night: false, notices: [] }, shown: null, shownAt: 0, away: true,
  local: "", typed: "", language: "zh", chosen: "", large: false, page: 0, held: null, until: 0, touchedAt: 0, read: 0,
};
let drawn = "";
let spoken = "";
let focused = 0;
let stream = 0;
let told = "";
let telling = false;
let settling = 0;

// --- what is to be seen ---

const current = () => state.held ?? state.shown;
const padded = () => state.local === "keypad" && state.shown && state.shown.digits > 0;
const numbered = () => state.shown?.duty && !state.local && !refused() && state.shown.digits > 0; // a door's number
/** Whether staff are told no on a screen that is full already: that is read first, by itself. */
const refused = () => state.shown?.duty && state.read !== state.shown.number && views.crowded(state, state.shown);

function view() {
  if (state.away || !state.setup || !state.shown) return views.away(state);
  if (state.local === "help") return views.help(state, act);
  if (padded()) return views.keypad(state, state.shown, act);
  if (refused()) return views.refused(state, state.shown, act);
  return views.screen(state, current(), act);
}

function draw() {
  state.landscape = landscape.matches;
  state.small = small.matches;
  const shape = JSON.stringify([state.away, state.setup, state.day, { ...current(), remaining_ms: 0 }, state.local, state.typed,
    state.language, state.large, state.page, Boolean(state.held), state.read, state.landscape, state.small]);
  if (shape === drawn) return;
  drawn = shape;
  const found = view();
  if (!found) return;
  const focus = document.activeElement?.dataset?.key;
  document.documentElement.lang = LANGUAGES[state.language];
  flag(document.body, "data-away", state.away);
  flag(document.body, "data-night", state.day.night);
  flag(document.body, "data-large", state.large);
  flag(document.body, "data-duty", Boolean(!state.away && current()?.duty));
  flag(document.body, "data-screen", state.away ? "away" : state.local || (refused() ? "duty_refused" : current()?.name) || "");
  flag(document.body, "data-number", state.shown ? state.shown.number : false);
  header();
  flag(stage, "data-tone", found.tone);
  flag(stage, "data-figure", found.kind);
  stage.replaceChildren(...parts(found));
  locks(performance.now());
  fit(stage, state.large ? LARGE : NORMAL);
  refocus(focus);
  speak(found);
  tick();
}

function parts(found) {
  const part = (look, children, more = "") =>
    children && children.some(Boolean) ? make("div", { class: `${look} ${more}`.trim() }, children) : null;
  return [part("words", found.words), part("figure", found.figure), part("aside", found.aside),
    part("buttons", found.buttons, found.many ? "many" : "")].filter(Boolean);
}

function header() {
  const own = state.setup.words[state.language].kiosk;
  document.getElementById("name").textContent = !state.away && current()?.duty ? own.duty : state.setup.names[state.language];
  document.getElementById("tools").replaceChildren(
    ...(state.away ? [] : [button("help", own.help, () => open("help"), { "aria-pressed": String(state.local === "help") })]),
    button("large", state.large ? own.large_off : own.large_on, () => change({ large: !state.large })),
    button("language", own.language, () => choose(state.language === "zh" ? "en" : "zh"),
      { lang: LANGUAGES[state.language === "zh" ? "en" : "zh"] }));
}

/** Who goes by the keyboard keeps their place; on another screen Tab leads to its first button, so that nothing is pressed
    there by a key that was meant for the one before. */
function refocus(key) {
  const other = focused !== state.shown?.number;
  focused = state.shown?.number;
  const same = key && document.querySelector(`${other ? "header " : ""}[data-key="${CSS.escape(key)}"]`);
  (same || stage).focus({ preventScroll: true });
}

/** What a screen reader says: the whole message, once. */
function speak(found) {
  const text = found.spoken ?? found.words.filter(Boolean).map((each) => each.textContent).join(" ");
  if (text !== spoken) document.getElementById("spoken").textContent = spoken = text;
}

// --- what people do ---

function change(parts) {
  Object.assign(state, parts, { touchedAt: performance.now() });
  draw();
  if (state.setup) tick();
}

/** The language, "" for nobody's choice: read at once, and heard once it is settled on. */
function choose(chosen) {
  change({ language: chosen || "zh", chosen });
  clearTimeout(settling);
  settling = setTimeout(tell, SETTLED_MS);
}

/** The voice speaks what was chosen here, for as long as the controller has this stream. What fails is told with a beat. */
async function tell() {
  if (telling || state.away || state.chosen === told) return;
  const [language, at] = [state.chosen, stream];
  telling = true;
  const heard = await say({ language, stream });
  telling = false;
  told = heard && at === stream ? language : null;
  if (heard) tell();
}

const open = (local) => change({ local: state.local === local ? "" : local, typed: "" });

const act = {
  touch: (name) => { change({}); say({ touch: name, screen: state.shown.number }); },
  keypad: () => open("keypad"),
  back: () => change({ local: "", typed: "" }),
  read: () => change({ read: state.shown.number }),
  start: () => change({ held: null, until: 0 }),
  page: () => change({ page: state.page + 1 }),
  digit: (digit) => change({ typed: (state.typed + digit).slice(0, state.shown.digits) }),
  erase: () => change({ typed: state.typed.slice(0, -1) }),
  confirm: () => {
    if (state.typed.length === state.shown.digits) act.send();
    else change({});
  },
  send: () => {
    const message = { typed: state.typed, screen: state.shown.number };
    change({ typed: "" });
    say(message);
  },
};

/** More time. Staff get it from the controller. A resident's own times go on there, for the contract has them; but a screen
    that would have gone stays here, to be read. */
function more() {
  const shown = current();
  if (shown?.duty && !state.local) return act.touch("more");
  const now = performance.now();
  return change({ until: state.held || !state.local ? Math.max(now + left(now), now) + MORE_MS : 0 });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || state.away || !state.shown) return;
  const digit = /^[0-9]$/.test(event.key);
  if (!padded() && digit && !state.local && state.shown.digits && !state.held && !state.shown.duty) open("keypad");
  if ((padded() || numbered()) && digit) act.digit(event.key);
  else if ((padded() || numbered()) && event.key === "Backspace") act.erase();
  else if (numbered() && event.key === "Enter" && document.activeElement === stage && state.typed) act.send();
  else if (padded() && event.key === "Enter" && document.activeElement === stage) act.confirm();
  else if (state.local && event.key === "Escape") act.back();
  else return;
  event.preventDefault();
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("pointerdown", () => { state.touchedAt = performance.now(); });

// --- time ---

/** How long until this goes by itself, in milliseconds; Infinity for what stays. */
function left(now) {
  if (state.away || !state.setup || !state.shown) return Infinity;
  const changed = state.local || (state.shown.name === "idle" && !state.held && (state.large || state.chosen));
  if (changed) return state.touchedAt + state.setup.idle_ms + WARN_MS - now;
  if (state.until) return state.until - now;
  const shown = state.shown;
  return shown.remaining_ms && !shown.locked ? state.shownAt + shown.remaining_ms - now : Infinity;
}

function tick() {
  const now = performance.now();
  const rest = left(now);
  if (rest <= 0 && (state.local || state.held || state.shown.name === "idle")) {
    Object.assign(state, { local: "", typed: "", held: null, until: 0, touchedAt: now });
    if (state.shown.name === "idle") {
      state.large = false;
      choose("");
    }
    draw();
    return;
  }
  warn(rest);
  locks(now);
}

/** How long the keypad stays locked. */
function locks(now) {
  const lock = document.getElementById("lock");
  if (lock) lock.textContent = waiting(state.shownAt + state.shown.remaining_ms - now);
}

function warn(rest) {
  const hidden = rest > WARN_MS;
  if (hidden !== still.hidden || (!hidden && !still.children.length)) {
    still.hidden = hidden;
    if (!hidden) still.replaceChildren(make("p", { role: "alert" }), button("more", "", more), make("span", { class: "time" }));
    else still.replaceChildren();
    fit(stage, state.large ? LARGE : NORMAL);
  }
  if (hidden) return;
  const own = state.setup.words[state.language].kiosk;
  const seconds = Math.max(0, Math.ceil(rest / 1000));
  const [text, again, time] = still.children;
  // Said aloud now and then, not each second.
  if (!text.textContent || seconds % 5 === 0 || text.lang !== document.documentElement.lang) text.setAttribute("aria-live", "assertive");
  else text.setAttribute("aria-live", "off");
  text.textContent = filled(own.still, { seconds });
  text.lang = document.documentElement.lang;
  again.textContent = own.more;
  time.style.transform = `scaleX(${Math.max(0, Math.min(1, rest / WARN_MS))})`;
}

function waiting(rest) {
  const own = state.setup.words[state.language].keypad;
  const seconds = Math.max(0, Math.ceil(rest / 1000));
  const minutes = Math.floor(seconds / 60);
  const wait = minutes ? `${minutes} ${own.minute} ${seconds % 60} ${own.second}` : `${seconds} ${own.second}`;
  return filled(own.locked, { wait });
}

// --- what the controller says ---

follow({
  away: (gone) => {
    if (gone !== state.away && (gone || state.shown)) change({ away: gone, ...(gone ? { local: "", typed: "", held: null, until: 0 } : {}) });
  },
  setup: (setup) => {
    if (state.setup && state.setup.page !== setup.page) location.reload();
    state.setup = setup;
  },
  stream: (number) => {
    [stream, told] = [number, ""];
    tell();
  },
  beat: (number) => {
    document.body.dataset.beat = number;
    tell();
  },
  day: (day) => { state.day = day; draw(); },
  screen: (shown) => {
    const before = state.shown;
    const other = !before || before.number !== shown.number;
    Object.assign(state, { shown, shownAt: performance.now(), away: false });
    if (other) {
      const stays = before && shown.name === "idle" && state.until && before.remaining_ms && !before.duty;
      if (stays && !state.held) state.held = { ...before, offers: [], digits: 0, remaining_ms: 0, held: true };
      else if (shown.name !== "idle") Object.assign(state, { held: null, until: 0 });
      if (!(shown.name === "idle" && state.local === "keypad")) Object.assign(state, { local: "", typed: "", page: 0 });
      if (shown.name === "idle") state.touchedAt = performance.now();
    }
    draw();
  },
});

for (const query of [landscape, small]) query.addEventListener("change", draw);
addEventListener("resize", () => { drawn = ""; draw(); });
setInterval(tick, 250);
