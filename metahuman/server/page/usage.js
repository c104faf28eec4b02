// Who was asked how much, and what it cost: by day as bars, by role and model as a table.
import { get } from "./api.js";
import { fill, h, milliseconds, number } from "./dom.js";

const DAYS = 14;

/** Show it. */
export async function show(view) {
  const since = new Date(Date.now() - DAYS * 86_400_000).toISOString();
  const [byDay, byModel] = await Promise.all([get("/api/usage", { by: "day", since }), get("/api/usage?by=role&by=model", {})]);
  fill(view, h("div.page", {}, h("h1", { text: "Usage" }),
    h("h3", { text: `Tokens a day, the last ${DAYS} days` }), bars(byDay.rows.map((row) => [row.day, tokens(row)])),
    h("h3", { text: "By role and model, the last 7 days" }), table(byModel)));
}

const tokens = (row) => row.prompt + row.completion;

/** Bars of numbers, as SVG; the table that screen readers are given says the same. */
function bars(rows) {
  if (!rows.length) return h("p.faint", { text: "nobody was asked" });
  const most = Math.max(1, ...rows.map(([, value]) => value));
  const svg = drawn("svg", { viewBox: `0 0 ${rows.length * 40} 130`, class: "bars", role: "img", "aria-label": `at most ${number(most)} tokens a day` });
  rows.forEach(([day, value], at) => {
    const height = Math.max(1, (value / most) * 95);
    const bar = drawn("rect", { x: at * 40 + 6, y: 105 - height, width: 28, height, rx: 3 });
    bar.append(drawn("title", {}, `${day}: ${number(value)} tokens`));
    svg.append(bar, drawn("text", { x: at * 40 + 20, y: 122, "text-anchor": "middle" }, day.slice(5)));
  });
  return svg;
}

function drawn(name, of, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(of)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

function table({ rows, currency }) {
  const heads = [["Role"], ["Model"], ["Calls", "number"], ["Tokens in", "number"], ["Tokens out", "number"], ["Time", "number"], ["Cost", "number"]];
  return h("div.scroll", { tabindex: 0, role: "region", "aria-label": "By role and model" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map(([text, kind]) => h(kind ? `th.${kind}` : "th", { scope: "col", text })))),
    h("tbody", {}, rows.map((row) => h("tr", {}, h("td", { text: row.role }), h("td", { text: row.model }), numbers(row, currency))))));
}

function numbers(row, currency) {
  const told = [number(row.calls), number(row.prompt), number(row.completion), milliseconds(row.seconds * 1000), `${number(row.cost, 4)} ${currency}`];
  return told.map((text) => h("td.number", { text }));
}
