// The way to the controller: server-sent events in, touches and typed codes out. It comes back by itself.
const SILENT_MS = 12_000;
const AGAIN_MS = 700;
const AWAY_MS = 500;

/** Follow the controller; `on` has a function for each event, and `away(true or false)`. */
export function follow(on) {
  let source = null;
  let silent = 0;
  let away = 0;

  const alive = () => {
    clearTimeout(silent);
    silent = setTimeout(lost, SILENT_MS);
  };

  function lost() {
    clearTimeout(silent);
    source.close();
    // A blink is no reason to frighten anybody; a restart takes longer.
    if (!away) away = setTimeout(() => on.away(true), AWAY_MS);
    setTimeout(connect, AGAIN_MS);
  }

  function heard(name) {
    return (event) => {
      alive();
      clearTimeout(away);
      away = 0;
      on.away(false);
      if (on[name]) on[name](JSON.parse(event.data));
    };
  }

  function connect() {
    source = new EventSource("live");
    for (const name of ["stream", "setup", "day", "screen", "beat"]) source.addEventListener(name, heard(name));
    source.onerror = lost;
    alive();
  }
  connect();
}

/** Say something to the controller. What is said for a screen that has gone is void there; nothing is said twice. */
export async function say(message) {
  const told = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(message) };
  try {
    return (await fetch("say", told)).ok;
  } catch {
    return false;
  }
}
