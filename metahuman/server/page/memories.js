// What is remembered: found, read, changed, and forgotten with what was made from it.
import { get, patch, remove } from "./api.js";
import { $, ask, button, fill, h, moment, notice, number } from "./dom.js";

/** Show one memory, or the search. */
export async function show(view, [id]) {
  return id ? one(view, id) : search(view);
}

async function search(view) {
  const words = h("input", { type: "search", placeholder: "What would this bring to mind?", "aria-label": "Search" });
  const inner = h("input", { type: "checkbox" });
  const found = h("div", { "aria-live": "polite" });
  const form = h("form.row", { role: "search" }, h("span.grow", {}, words), h("label.row", {}, inner, "also dreams"), h("button.first", { text: "Search" }));
  const draw = async () => {
    const text = words.value.trim();
    const query = text ? get("/api/memories/search", { text, inner: inner.checked, limit: 20 }) : get("/api/memories", { limit: 30 });
    const { hits, memories, latencyMs } = await query;
    const rows = hits?.map((hit) => line(hit.memory, hit.why)) ?? memories.map((memory) => line(memory));
    const told = hits ? `${hits.length} found in ${number(latencyMs, 1)} ms` : "The latest";
    fill(found, h("p.faint", { text: rows.length ? told : "Nothing is remembered yet." }), h("ul.cards", {}, rows));
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); draw().catch((error) => notice(error.message, true)); });
  fill(view, h("div.page", {}, h("h1", { text: "Memories" }), form, found));
  await draw();
}

function line(memory, why) {
  return h("li", {},
    h("a", { href: `#/memories/${encodeURIComponent(memory.id)}`, text: moment(memory.timestamp) }),
    h("span.faint", { text: ` ${memory.type ?? ""}` }),
    h("p.clip", { text: memory.content }),
    memory.response ? h("p.clip.faint", { text: memory.response }) : null,
    why ? h("p.faint", { text: why }) : null);
}

async function one(view, id) {
  const { memory, file, supersedes, supersededBy } = await get(`/api/memories/${encodeURIComponent(id)}`);
  const content = h("textarea", { rows: 8, value: memory.content ?? "" });
  const response = h("textarea", { rows: 8, value: memory.response ?? "" });
  const save = async () => {
    const change = {};
    if (content.value !== (memory.content ?? "")) change.content = content.value;
    if (response.value !== (memory.response ?? "")) change.response = response.value || null;
    if (!Object.keys(change).length) return notice("nothing was changed");
    await patch(`/api/memories/${encodeURIComponent(memory.id)}`, change);
    await one(view, id);
    $("button", view).focus();
    notice("changed");
  };
  fill(view, h("div.page", {},
    h("p", {}, h("a", { href: "#/memories", text: "All memories" })),
    h("h1", { text: moment(memory.timestamp) }),
    h("label.field", {}, "What was said, or happened", content),
    memory.response === undefined ? null : h("label.field", {}, "What was answered", response),
    h("div.row", {}, button("Save", save, "button.first"), button("Forget …", () => forget(memory), "button.danger")),
    others("It replaced", supersedes), others("It was replaced by", supersededBy),
    h("details", {}, h("summary", { text: "All that is known about it" }), h("pre", { tabindex: 0, text: JSON.stringify(memory, null, 2) })),
    file ? h("p.faint.mono", { text: file }) : null));
}

function others(title, memories) {
  return memories.length ? [h("h2", { text: title }), h("ul.cards", {}, memories.map((memory) => line(memory)))] : [];
}

async function forget(memory) {
  const { memories, traces, threads } = await get(`/api/memories/${encodeURIComponent(memory.id)}/traces`);
  const goes = memories.flatMap((one) => {
    const made = traces[one.id];
    return [`the memory ${one.id}`, ...made.curated.map((path) => `its curated copy ${path}`),
      ...Object.entries(made.rows).map(([path, rows]) => `${rows} rows of ${path}`),
      ...made.adapters.map((path) => `flagged, for it cannot unlearn: ${path}`)];
  });
  const too = h("input", { type: "checkbox", name: "threads" });
  const named = Object.keys(threads);
  const told = h("div", {}, h("p", { text: "This goes, for good:" }), h("ul", {}, goes.map((text) => h("li", { text }))),
    named.length ? h("label.row", {}, too, `also delete the threads that hold its words: ${named.join(", ")}`) : null);
  const sure = await ask("Forget it?", told, { yes: "Forget", danger: true, answer: () => ({ threads: too.checked }) });
  if (!sure) return;
  await remove(`/api/memories/${encodeURIComponent(memory.id)}`, sure);
  notice("forgotten");
  location.hash = "#/memories";
}
