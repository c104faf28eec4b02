// What the twin does by itself: when each agent runs, how it ran last, and a switch.
import { get, post, put } from "./api.js";
import { ago, button, fill, h, notice } from "./dom.js";
import { listen } from "./side.js";

/** Show them, and follow their runs. */
export async function show(view) {
  const body = h("tbody");
  const draw = async () => fill(body, (await get("/api/agents")).agents.map((agent) => row(agent, draw)));
  fill(view, h("div.page", {}, h("h1", { text: "Agents" }),
    h("p", { text: "What the twin does by itself, in the background. A turn of yours always goes first." }),
    h("div.scroll", { tabindex: 0, role: "region", "aria-label": "Agents" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Agent", "Runs", "Last", "Next", ""].map((text) => h("th", { scope: "col", text })))), body))));
  await draw();
  return listen((kind, event) => { if (kind === "audit" && event.event?.startsWith("agent_")) draw(); });
}

function row(agent, draw) {
  const on = h("input", { type: "checkbox", checked: agent.enabled, "aria-label": `${agent.name} runs by itself`, onchange: async () => {
    try {
      await put(`/api/agents/${agent.name}`, { enabled: on.checked });
    } catch (error) {
      notice(error.message, true);
    }
    await draw();
  } });
  const run = button("Run now", async () => {
    await post(`/api/agents/${agent.name}/run`);
    notice(`${agent.name} runs`);
  }, "button.small");
  return h("tr", {},
    h("td", {}, h("label.row", {}, on, h("strong", { text: agent.name })), h("p.faint", { text: agent.description })),
    h("td", { text: agent.when }),
    h("td", {}, agent.lastRun ? [ago(agent.lastRun), h("p.faint", { text: `${agent.ended ?? "under way"}: ${agent.told}` })] : h("span.faint", { text: "never" })),
    h("td", {}, agent.next ? ago(agent.next) : h("span.faint", { text: agent.why })),
    h("td", {}, run));
}
