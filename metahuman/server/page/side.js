// What stands beside every place: threads, roles, status, mode. It follows the server's events, and asks where they stop.
import { get, put } from "./api.js";
import { $, ago, fill, h, milliseconds, moment, notice, number } from "./dom.js";
import { fact } from "./turn.js";

const RETRY = 3000;
let latest = null;
const listeners = new Set();

/** Call `told` with each event of the server, until the function that comes back is called. */
export function listen(told) {
  listeners.add(told);
  return () => listeners.delete(told);
}

/** The latest status; null before the first. */
export const status = () => latest;

/** Keep all of it up to date from now on. */
export function follow() {
  const source = new EventSource("/api/events");
  source.addEventListener("status", (event) => draw(JSON.parse(event.data)));
  source.addEventListener("audit", (event) => told("audit", JSON.parse(event.data)));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(follow, RETRY);
    }
    offline(true);
  });
  source.addEventListener("open", () => { offline(false); refresh(); });
  $("#mode").addEventListener("change", changeMode);
  drawThreads();
  addEventListener("hashchange", markThread);
}

function told(kind, data) {
  for (const listener of listeners) listener(kind, data);
}

async function refresh() {
  try {
    draw(await get("/api/status"));
    await drawThreads();
  } catch (error) {
    notice(error.message, true);
  }
}

function offline(gone) {
  document.body.classList.toggle("offline", gone);
}

function draw(status) {
  latest = status;
  drawRoles(status);
  drawStatus(status);
  if (document.activeElement !== $("#mode")) $("#mode").value = status.mode ?? "dual";
  told("status", status);
}

function drawRoles(status) {
  const roles = Object.entries(status.modelRoles ?? {});
  fill($("#roles"), roles.length ? roles.flatMap(([role, one]) => [h("dt", { text: role }), h("dd", {}, roleLine(one))])
    : [h("dt", { text: "none" }), h("dd.faint", { text: "there is no model registry" })]);
  fill($("#registry"), status.registryProblem ? h("span.warn", { text: status.registryProblem }) : `registry ${status.registryVersion ?? "not there"}`);
}

function roleLine(one) {
  if (!one?.model) return h("span.faint", { text: "role not configured" });
  const adapters = one.adapters ?? [];
  const named = adapters.map((path) => path.split("/").slice(-2).join("/")).join(", ") || "no adapter";
  const [colour, state] = stateOf(one);
  return [
    h(`span.dot.${colour}`, { title: [state, ...Object.values(one.problems ?? {})].join("\n"), role: "img", "aria-label": state }),
    h("span", { title: [one.modelId, `${one.provider}: ${one.model}`, ...adapters].join("\n"), text: one.model }),
    h("span.faint", { title: adapters.join("\n") || "no adapter", text: ` (${named})` }),
  ];
}

function stateOf(one) {
  if (!one.answering) return ["bad", "cannot answer"];
  if (one.fallback) return ["warn", `${one.answering} stands in${one.degradedSince ? ` since ${moment(one.degradedSince)}` : ""}`];
  return ["good", one.loaded ? "can answer, loaded" : "can answer"];
}

function drawStatus(status) {
  const { calls, tokens, cost, currency } = status.today ?? {};
  const [next] = status.agents?.upcoming ?? [];
  const persona = status.modelRoles?.persona?.lastCall;
  fill($("#status"),
    ...fact("Memories", number(status.memories)), ...fact("Threads", number(status.threads)),
    ...(tokens ? fact("Today", `${number(calls)} calls, ${number(tokens.prompt + tokens.completion)} tokens`) : []),
    ...(cost ? fact("Cost today", `${number(cost, 4)} ${currency}`) : []),
    ...(persona?.latencyMs ? fact("Last answer", milliseconds(persona.latencyMs)) : []),
    ...(status.problem ? fact("Problem", h("span.warn", { text: status.problem })) : []),
    ...(next ? [h("dt", { text: `Next: ${next.name}` }), h("dd", {}, ago(next.next))] : []));
}

async function changeMode(event) {
  try {
    await put("/api/mode", { mode: event.target.value });
    notice(`mode: ${event.target.value}`);
  } catch (error) {
    notice(error.message, true);
    event.target.value = latest?.mode ?? "dual";
  }
}

/** Draw the list of threads anew. */
export async function drawThreads() {
  const { threads } = await get("/api/threads");
  fill($("#threads"), threads.length ? threads.map((thread) => h("li", {}, h("a", {
    href: `#/chat/${encodeURIComponent(thread)}`, text: thread,
  }))) : h("li.faint", { text: "none yet" }));
  markThread();
}

function markThread() {
  for (const link of $("#threads").querySelectorAll("a")) {
    if (link.getAttribute("href") === location.hash) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
