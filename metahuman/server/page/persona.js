// Who the twin is, and what it keeps referring to, with the memories that this rests on.
import { get } from "./api.js";
import { fill, h, moment, number } from "./dom.js";

/** Show it. */
export async function show(view) {
  const { facet, core, cache, prompt } = await get("/api/persona");
  const identity = core.identity ?? {};
  fill(view, h("div.page", {},
    h("h1", { text: identity.name ?? "Persona" }),
    h("p", { text: identity.role ?? "" }), h("p.faint", { text: `facet: ${facet}` }),
    ...themes(cache), ...facts(cache), ...sayings(cache, "Catchphrases", "catchphrases"), ...sayings(cache, "Quirks", "quirks"),
    h("details", {}, h("summary", { text: "What its model is told" }), h("pre.wrap", { tabindex: 0, text: prompt })),
    h("details", {}, h("summary", { text: "persona/core.json" }), h("pre", { tabindex: 0, text: JSON.stringify(core, null, 2) }))));
}

function themes(cache) {
  const rows = [...(cache.recentThemes ?? [])].sort((a, b) => b.frequency - a.frequency);
  const most = Math.max(1, ...rows.map((one) => one.frequency));
  return part("Themes", rows.map((one) => h("li", {},
    h("div.line", {}, h("span", { text: one.theme }), h("span.faint", { text: `${number(one.frequency, 1)} · ${moment(one.lastSeen)}` })),
    h("meter", { min: 0, max: most, value: one.frequency, "aria-label": `how often: ${number(one.frequency, 1)}` }), cited(one.memories))));
}

function facts(cache) {
  return part("Facts", Object.entries(cache.frequentFacts ?? {}).map(([name, value]) => h("li", {},
    h("strong", { text: `${name}: ` }), Array.isArray(value) ? value.join(", ") : String(value), cited(cache.sources?.frequentFacts?.[name]?.memories))));
}

function sayings(cache, title, kind) {
  return part(title, (cache[kind] ?? []).map((text) => h("li", {}, String(text), cited(cache.sources?.[kind]?.[text]?.memories))));
}

function part(title, items) {
  return [h("h3", { text: title }), items.length ? h("ul.cards", {}, items) : h("p.faint", { text: "None yet: the digest looks for them." })];
}

/** The memories that something is read from, the latest first. */
function cited(memories) {
  const ids = (Array.isArray(memories) ? [...memories] : Object.keys(memories ?? {})).reverse();
  const links = ids.slice(0, 5).flatMap((id, at) => [at ? ", " : "", h("a", { href: `#/memories/${encodeURIComponent(id)}`, text: id })]);
  return ids.length ? h("p.faint", {}, "from ", links, ids.length > 5 ? ` and ${ids.length - 5} more` : "") : null;
}
