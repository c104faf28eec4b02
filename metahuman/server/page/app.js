// The page: which place is shown, and what stands beside it. Each place is a module with `show(view, words)`.
import { $, fill, h, notice } from "./dom.js";
import { follow } from "./side.js";

const PLACES = {
  chat: "Chat", approvals: "Approvals", memories: "Memories", persona: "Persona", review: "Review",
  voices: "Voices", agents: "Agents", usage: "Usage", audit: "Audit",
};

const view = $("#view");
let leave = null;

function drawPlaces() {
  fill($("#places"), Object.entries(PLACES).map(([place, title]) => h("a", { href: `#/${place}`, "data-place": place, text: title })));
}

async function go() {
  const [place, ...words] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const shown = place in PLACES ? place : "chat";
  leave?.();
  leave = null;
  for (const link of $("#places").children) {
    if (link.dataset.place === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${PLACES[shown]} · MetaHuman`;
  close();
  try {
    const module = await import(`./${shown}.js`);
    leave = (await module.show(view, words)) ?? null;
  } catch (error) {
    fill(view, h("div.page", {}, h("h1", { text: PLACES[shown] }), h("p.bad", { text: error.message })));
  }
}

function close() {
  $("#side").classList.remove("open");
  $("#menu").setAttribute("aria-expanded", "false");
}

$("#menu").addEventListener("click", () => {
  const open = $("#side").classList.toggle("open");
  $("#menu").setAttribute("aria-expanded", String(open));
  if (open) $("#side a, #side button")?.focus();
});

// Keys: / to write, g and a letter to go somewhere, ? to see them all.
const GO = { c: "chat", m: "memories", p: "persona", r: "review", v: "voices", u: "usage", a: "audit" };
const KEYS = "/ write a message · g, then c chat, m memories, p persona, r review, v voices, u usage, a audit · Esc leave a field";
let going = false;
addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (event.key === "Escape") close(), document.activeElement?.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = going && GO[event.key];
  going = event.key === "g";
  if (place) location.hash = `#/${place}`;
  if (event.key === "/" && $("#say")) {
    event.preventDefault();
    $("#say").focus();
  }
  if (event.key === "?") notice(KEYS);
});

addEventListener("hashchange", go);
drawPlaces();
follow();
go();
