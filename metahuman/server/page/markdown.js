// What a model writes, as elements: paragraphs, headings, lists, quotes, code. Nothing of it is ever markup of the page.
import { h } from "./dom.js";

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|__(.+?)__|\*(?!\s)(.+?)\*|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])/gs;
const LISTED = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;

/** Return the elements of a text. */
export function written(text) {
  const lines = text.replaceAll("\r", "").split("\n");
  const found = [];
  for (let at = 0; at < lines.length; ) at = block(lines, at, found);
  return found;
}

function block(lines, at, found) {
  const line = lines[at];
  if (!line.trim()) return at + 1;
  const fence = line.match(/^\s{0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/);
  if (fence) return code(lines, at, fence, found);
  const heading = line.match(/^(#{1,6})\s+(.*)$/);
  if (heading) {
    found.push(h(`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2])));
    return at + 1;
  }
  if (LISTED.test(line)) return list(lines, at, found);
  if (/^\s{0,3}>/.test(line)) return quote(lines, at, found);
  return paragraph(lines, at, found);
}

function code(lines, at, [, fence, language], found) {
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(fence)) end += 1;
  found.push(source(lines.slice(at + 1, end).join("\n"), language));
  return end + 1;
}

/** Return code as it is, with a button that copies it. */
export function source(text, language = "") {
  const copy = h("button.small", { type: "button", text: "Copy", onclick: async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } });
  return h("div.source", {},
    h("div.line", {}, h("span.faint", { text: language }), copy),
    h("pre", { tabindex: 0 }, h("code", { text })));
}

function list(lines, at, found) {
  const first = lines[at].match(LISTED);
  const items = [];
  for (; at < lines.length; at += 1) {
    const item = lines[at].match(LISTED);
    if (item && Boolean(item[1]) === Boolean(first[1])) items.push([item[2]]);
    else if (/^\s+\S/.test(lines[at]) && items.length) items.at(-1).push(lines[at].trim());
    else break;
  }
  const start = first[1] ? { start: Number(first[1]) } : {};
  found.push(h(first[1] ? "ol" : "ul", start, items.map((words) => h("li", {}, inline(words.join(" "))))));
  return at;
}

function quote(lines, at, found) {
  const quoted = [];
  for (; at < lines.length && /^\s{0,3}>/.test(lines[at]); at += 1) quoted.push(lines[at].replace(/^\s{0,3}>\s?/, ""));
  found.push(h("blockquote", {}, written(quoted.join("\n"))));
  return at;
}

function paragraph(lines, at, found) {
  const start = at;
  for (at += 1; at < lines.length && lines[at].trim() && !/^\s{0,3}(`{3}|~{3}|#{1,6}\s|>)/.test(lines[at]) && !LISTED.test(lines[at]); ) at += 1;
  const parts = lines.slice(start, at).flatMap((line, number) => [number ? h("br") : null, ...inline(line)]);
  found.push(h("p", {}, parts));
  return at;
}

function inline(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(from, found.index), marked(found));
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}

function marked([all, , code, strong, bold, leaning, link]) {
  if (code !== undefined) return h("code", { text: code.trim() });
  if (strong ?? bold) return h("strong", {}, inline(strong ?? bold));
  if (leaning) return h("em", {}, inline(leaning));
  return link ? h("a", { href: link, rel: "noreferrer noopener", target: "_blank", text: link }) : all;
}
