// Every decision, call and change, the newest first, as they are written.
import { get } from "./api.js";
import { button, fill, h, moment, notice } from "./dom.js";
import { listen } from "./side.js";

const NUMBER = 50;
const FIELDS = ["event", "actor", "role", "thread"];

/** Show them, and what is written from now on. */
export async function show(view) {
  const inputs = Object.fromEntries(FIELDS.map((name) => [name, h("input", { placeholder: name, "aria-label": name, className: "short" })]));
  const level = h("select", { "aria-label": "level" }, ["", "info", "warn", "error"].map((text) => h("option", { value: text, text: text || "any level" })));
  const list = h("ol.audit", { reversed: true });
  const wanted = () => ({ ...Object.fromEntries(FIELDS.map((name) => [name, inputs[name].value.trim()])), level: level.value });
  let skip = 0;
  const more = button("Earlier", () => load(), "button", { hidden: true });
  const load = async () => {
    const { events, more: left } = await get("/api/audit", { ...wanted(), number: NUMBER, skip });
    skip += events.length;
    list.append(...events.reverse().map(entry));
    more.hidden = !left;
  };
  const again = () => { skip = 0; fill(list); load().catch((error) => notice(error.message, true)); };
  const form = h("form.row", {}, Object.values(inputs), level, h("button", { text: "Filter" }));
  form.addEventListener("submit", (event) => { event.preventDefault(); again(); });
  fill(view, h("div.page", {}, h("h1", { text: "Audit" }), form, list, more));
  await load();
  return listen((kind, event) => {
    if (kind !== "audit" || !fits(event, wanted())) return;
    skip += 1;
    list.prepend(entry(event));
  });
}

function fits(event, { level, event: name, actor, role, thread }) {
  const about = event.details ?? {};
  return (!level || event.level === level) && (!name || event.event === name) && (!actor || event.actor === actor)
    && (!role || about.role === role) && (!thread || about.thread === thread);
}

function entry(event) {
  const colour = { warn: ".warn", error: ".bad" }[event.level] ?? "";
  return h("li", {}, h("details", {},
    h("summary", {}, h("span.faint", { text: moment(event.timestamp) }), " ", h(`strong${colour}`, { text: event.event }), h("span.faint", { text: ` ${event.actor ?? ""} ${told(event.details ?? {})}` })),
    h("pre", { tabindex: 0, text: JSON.stringify(event, null, 2) })));
}

const told = (about) => ["role", "modelId", "tool", "name", "thread"].map((key) => about[key]).filter(Boolean).join(" · ");
