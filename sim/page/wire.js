// The way to the demo's server: its state and news come as server-sent events, what people do goes as POST.

/** Ask for something to be done; a refusal is shown, never thrown away. */
export async function act(what, details = {}) {
  try {
    const answer = await fetch("do", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ do: what, ...details }),
    });
    const said = await answer.json();
    if (!said.ok) toast(said.why);
    return said;
  } catch (error) {
    toast(String(error));
    return { ok: false };
  }
}

/** Listen for the world's state and the news; `silent` is called when the server is gone. */
export function listen({ state, news, silent }) {
  const source = new EventSource("live");
  source.addEventListener("state", (message) => state(JSON.parse(message.data)));
  source.addEventListener("news", (message) => news(JSON.parse(message.data)));
  source.addEventListener("error", silent);
}

let hiding = 0;

/** Show one short line at the foot of the page for a few seconds. */
export function toast(text) {
  const line = document.getElementById("toast");
  line.textContent = text;
  line.setAttribute("data-on", "");
  clearTimeout(hiding);
  hiding = setTimeout(() => line.removeAttribute("data-on"), 4000);
}
