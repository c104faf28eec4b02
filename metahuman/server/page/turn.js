// One turn: what was said, what the twin did, and its answer with the grounds for it.
import { post } from "./api.js";
import { button, fill, h, milliseconds, moment, number } from "./dom.js";
import { source, written } from "./markdown.js";

/** A turn on the page. Its parts are filled in as the turn goes on, or all at once from a reply. */
export class Turn {
  constructor(said) {
    this.text = "";
    this.words = h("div.words");
    this.steps = h("ul.steps");
    this.made = h("div.made");
    this.asked = h("div.asked");
    this.state = h("p.state", { role: "status" });
    this.grounds = h("div.grounds");
    this.answer = h("div.answer", {}, this.steps, this.words, this.made, this.asked, this.state, this.grounds);
    this.element = h("article.turn", {}, said ? h("div.said", {}, h("p", { text: said })) : null, this.answer);
  }

  /** Tell what is being done, until the first words are there. */
  doing(text) {
    this.state.textContent = text;
  }

  route(route) {
    const to = [...new Set(route.tasks.map((task) => task.destination))].join(", ");
    this.doing(to === "conversation" ? "thinking …" : `${to} …`);
  }

  token(text) {
    this.text += text;
    this.state.textContent = "";
    fill(this.words, written(this.text), h("span.cursor", { text: "▍", "aria-hidden": "true" }));
  }

  begun(who) {
    this.doing(`${who.join(", ")} …`);
  }

  noted({ part, of }) {
    this.doing(`part ${part} of ${of} read …`);
  }

  intended(call) {
    this.doing(`${call.tool} …`);
  }

  step(step) {
    this.steps.append(stepLine(step));
  }

  found(finding) {
    if (finding.error) this.made.append(h("p.warn", { text: `${finding.source}: ${finding.error}` }));
    for (const artifact of finding.artifacts) this.made.append(artifactCard(artifact, finding.source));
  }

  waiting(ask, answer) {
    this.doing("");
    fill(this.asked, askCard(ask, answer));
  }

  /** Show the whole reply. */
  done(reply) {
    this.text = reply.text;
    this.doing("");
    fill(this.asked);
    fill(this.words, written(reply.text));
    fill(this.made);
    fill(this.steps, (reply.steps ?? []).map(stepLine));
    reply.findings.forEach((finding) => this.found(finding));
    if (reply.broken) this.words.append(h("p.warn", { text: `The answer broke off: ${reply.broken}` }));
    else if (reply.cut) this.words.append(h("p.warn", { text: "The answer stopped at the model's length limit." }));
    if (reply.route) fill(this.grounds, grounds(reply), judge(reply));
  }

  /** Show what was made in a turn of which nothing else is known any more. */
  kept(artifacts) {
    fill(this.made, artifacts.map((artifact) => artifactCard(artifact)));
  }

  failed(message) {
    this.doing("");
    this.words.append(h("p.bad", { role: "alert", text: message }));
  }
}

function stepLine(step) {
  const fine = step.ended === "done";
  const line = [h(fine ? "span.good" : "span.bad", { text: fine ? "✓ " : "✗ ", "aria-hidden": "true" }),
    h("code", { text: step.call.tool }), h("span.faint", { text: ` ${step.ended}, ${milliseconds(step.latencyMs)}${step.error ? `: ${step.error}` : ""}` })];
  return h("li", {}, step.output ? h("details", {}, h("summary", {}, line), h("pre", { tabindex: 0, text: step.output })) : line);
}

/** What a specialist made, whole: it is to be copied or saved, never retyped. */
export function artifactCard(artifact, by) {
  const body = artifact.kind === "code" ? source(artifact.text, artifact.language) : h("div", {}, written(artifact.text));
  return h("details.artifact", { open: artifact.text.length < 4000 },
    h("summary", {}, h("strong", { text: artifact.name }), " ", h("span.faint", { text: by ? `${artifact.kind}, by the ${by}` : artifact.kind })),
    artifact.problem ? h("p.warn", { text: artifact.problem }) : null,
    body, saver(artifact));
}

function saver(artifact) {
  const url = URL.createObjectURL(new Blob([artifact.text], { type: "text/plain;charset=utf-8" }));
  return h("p", {}, h("a.button.small", { href: url, download: artifact.name, text: "Save as a file" }));
}

/** A call of a tool that waits for a person's word, with what it would do. */
export function askCard(ask, answer) {
  const why = h("input", { placeholder: "Why not? The twin may find another way.", "aria-label": "Why not" });
  const edited = h("textarea.mono", { rows: 5, "aria-label": "Arguments, as JSON", value: JSON.stringify(ask.call.arguments, null, 2) });
  const send = (word) => {
    try {
      answer({ ...word, ...(word.approved && editor.open ? { arguments: JSON.parse(edited.value) } : {}) });
    } catch (error) {
      edited.setCustomValidity(error.message);
      edited.reportValidity();
    }
  };
  const editor = h("details", {}, h("summary", { text: "Change its arguments" }), edited);
  return h("section.ask", { role: "group", "aria-label": "Your word is needed" },
    h("h3", {}, "May it call ", h("code", { text: ask.call.tool }), "?"),
    h("p", { text: ask.ruling.why }),
    preview(ask.preview), editor,
    h("div.row", {},
      h("button.first", { type: "button", text: "Yes", onclick: () => send({ approved: true }) }),
      h("button", { type: "button", text: "Always", title: "And calls like it from now on", onclick: () => send({ approved: true, always: true }) }),
      h("button.danger", { type: "button", text: "No", onclick: () => send({ approved: false, why: why.value }) }),
      h("span.grow", {}, why)));
}

/** What a call would do; the lines of a diff are coloured, and begin with + and - for those who see no colours. */
export function preview(text) {
  const kinds = { "+": "ins", "-": "del" };
  const kind = (line) => (/^(\+\+\+|---) /.test(line) ? "span" : kinds[line[0]] ?? "span");
  const lines = text.split("\n").map((line) => h(kind(line), { text: `${line}\n` }));
  return h("pre.diff", { tabindex: 0, "aria-label": "What it would do" }, lines);
}

function grounds(reply) {
  const route = reply.route;
  const to = [...new Set(route.tasks.map((task) => task.destination))].join(", ");
  const models = reply.calls.map((call) => h("li", {}, h("strong", { text: call.role }), ` ${call.modelId ?? call.model} `,
    h("span.faint", { text: [milliseconds(call.latencyMs), tokens(call), call.fallback ? "stood in" : ""].filter(Boolean).join(" · ") })));
  const memories = reply.evidence.map((one) => h("li", {},
    h("a", { href: `#/memories/${encodeURIComponent(one.id)}`, text: moment(one.timestamp) }), ` ${one.text} `, h("span.faint", { text: one.why })));
  return h("details.why", {},
    h("summary", {}, `Why: ${to}, decided by ${route.decidedBy}`, reply.latencyMs ? ` · ${milliseconds(reply.latencyMs)}` : null),
    h("dl.facts", {},
      ...fact("Route", `${to} (${route.decidedBy}, ${number(route.confidence * 100)} % sure, ${milliseconds(route.latencyMs)})`),
      ...fact("Topics", route.topics.join(", ") || "none"),
      ...fact("Mode", reply.mode),
      ...(route.why ? fact("But", route.why) : [])),
    h("h3", { text: "Memories it rests on" }), memories.length ? h("ul.list", {}, memories) : h("p.faint", { text: "none" }),
    h("h3", { text: "Models asked" }), h("ul.list", {}, models));
}

/** Two buttons to say whether an answer was good; the word can be taken back by the other one. */
function judge({ turn, thread }) {
  const say = (text, score) => button(text, async (pressed) => {
    await post("/api/feedback", { turn, thread, score });
    for (const one of row.children) one.setAttribute("aria-pressed", String(one === pressed));
  }, "button.small", { "aria-pressed": "false" });
  const row = h("div.row.judge", { role: "group", "aria-label": "Was this answer good?" }, say("Good answer", 1), say("Bad answer", 0));
  return row;
}

export const fact = (name, value) => [h("dt", { text: name }), h("dd", {}, value)];
const tokens = (call) => (call.tokens ? `${number(call.tokens.prompt)} + ${number(call.tokens.completion)} tokens` : "");
