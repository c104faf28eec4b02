// Calls of tools that wait for a person's word, whichever thread they belong to.
import { get, stream } from "./api.js";
import { fill, h, notice } from "./dom.js";
import { listen } from "./side.js";
import { askCard } from "./turn.js";

/** Show them. */
export async function show(view) {
  const list = h("div");
  fill(view, h("div.page", {}, h("h1", { text: "Approvals" }), list));
  const draw = async () => {
    const { approvals } = await get("/api/approvals");
    fill(list, approvals.length ? approvals.map((ask) => one(ask, draw)) : h("p.faint", { text: "Nothing waits for your word." }));
  };
  await draw();
  return listen((kind, event) => { if (kind === "audit" && event.event?.startsWith("tool_")) draw(); });
}

function one(ask, draw) {
  const thread = ask.thread ?? "main";
  const answer = async (word) => {
    try {
      await stream("/api/approvals/answer", { thread, ...word }, (name, data) => { if (name === "error") notice(data.error.message, true); });
      notice(`${thread}: the turn has gone on`);
    } catch (error) {
      notice(error.message, true);
    }
    await draw();
  };
  return h("div", {}, h("h2", {}, "Thread ", h("a", { href: `#/chat/${encodeURIComponent(thread)}`, text: thread })), askCard(ask, answer));
}
