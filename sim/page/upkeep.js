// The technician's view: each lock board's wire and each door's wear, as "locker status" says them.
import { make } from "./make.js";
import { languages, word } from "./words.js";

/** Draw what the controller says of its boards and doors. */
export function draw(state) {
  const box = document.getElementById("upkeep");
  const shape = JSON.stringify([state.upkeep, languages()]);
  if (box.dataset.shape === shape) return;
  box.dataset.shape = shape;
  if (!state.upkeep) {
    box.replaceChildren(make("p", { class: "note" }, word("upkeep_none")));
    return;
  }
  box.replaceChildren(
    table(["board", "version", "sent", "lost", "bad", "late", "noise"], state.upkeep.boards.map(boardRow)),
    table(["door", "cycles", "rated", "reaction", "usual"], state.upkeep.doors.map(doorRow)),
    make("p", { class: "note" }, word("upkeep_note"), " ", make("code", {}, "locker status")),
  );
}

function table(names, rows) {
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, word(`col_${name}`))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function row(bad, cells) {
  return make("tr", { "data-bad": bad }, ...cells.map((cell) => make("td", {}, cell === null || cell === "" ? "–" : String(cell))));
}

const boardRow = (board) => row(!board.answers || board.barred || board.noisy,
  [board.name, board.version, board.sent, board.lost, board.bad, board.late, board.permille === null ? null : `${board.permille} ‰`]);

const doorRow = (door) => row(door.slower || !door.in_service || door.percent >= 80,
  [door.door, door.cycles, `${door.percent} %`, door.recent_ms === null ? null : `${door.recent_ms} ms`,
    door.usual_ms === null ? null : `${door.usual_ms} ms`]);
