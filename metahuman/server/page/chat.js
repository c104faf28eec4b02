// The conversation: what was said on a thread, and a place to say more.
import { get, post, remove, stream } from "./api.js";
import { ask, button, fill, h, notice } from "./dom.js";
import { drawThreads } from "./side.js";
import { Turn } from "./turn.js";

let running = null;

/** Show a thread. */
export async function show(view, [name = "main"]) {
  const thread = name === "new" ? `talk-${new Date().toISOString().slice(0, 16).replace("T", "-").replace(":", "")}` : name;
  const turns = h("div.turns", { role: "log", "aria-label": "Conversation" });
  const say = h("textarea", { id: "say", rows: 2, placeholder: "Say something", "aria-label": "Message", enterKeyHint: "send", disabled: true });
  const stop = h("button", { type: "button", text: "Stop", hidden: true, onclick: () => running?.abort() });
  const send = h("button.first", { type: "submit", text: "Send" });
  const form = h("form.say", {}, say, h("div.row.end", {}, stop, send));
  const talk = new Talk(thread, turns, { say, send, stop });
  form.addEventListener("submit", (event) => { event.preventDefault(); talk.say(); });
  say.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  fill(view, h("div.page.chat", {},
    h("div.line", {}, h("h1", { text: thread }), h("div.row", {}, ...tools(thread))), turns, form));
  await talk.load();
  say.disabled = false; // not before: what was said meanwhile would be lost among what was said earlier
  if (matchMedia("(min-width: 55rem)").matches) say.focus();
  return () => running?.abort();
}

function tools(thread) {
  return [
    button("It went wrong", () => wrong(thread), "button.small", { title: "Say where the last message ought to have gone" }),
    button("Delete", () => forget(thread), "button.small.danger"),
  ];
}

async function wrong(thread) {
  const names = ["conversation", "memory", "operator", "coder", "planner", "summarizer", "curator", "dreamer"];
  const choice = h("select", { name: "right" }, names.map((text) => h("option", { text })));
  const right = await ask("Where ought the last message to have gone?", h("label.field", {}, "Destination", choice), { answer: () => choice.value });
  if (!right) return;
  await post("/api/wrong", { thread, right: [right] });
  notice("Noted: `metahuman route retrain` learns from it.");
}

async function forget(thread) {
  const sure = await ask(`Delete ${thread}?`, h("p", { text: "Its messages go. The memories made from them stay." }), { yes: "Delete", danger: true });
  if (!sure) return;
  await remove(`/api/threads/${encodeURIComponent(thread)}`);
  await drawThreads();
  location.hash = "#/chat";
}

class Talk {
  constructor(thread, turns, controls) {
    Object.assign(this, { thread, turns, controls });
  }

  async load() {
    const [{ messages, reply, unanswered, waiting }, { artifacts }] = await Promise.all([
      get(`/api/threads/${encodeURIComponent(this.thread)}`), get("/api/artifacts", { thread: this.thread })]);
    let turn = null, asked = null;
    for (const message of messages) {
      if (message.role === "user") {
        turn = this.add(message.text);
        asked = message.id;
      } else {
        (turn ?? this.add()).done({ ...EMPTY, text: message.text });
        turn?.kept(artifacts.filter((kept) => kept.turn === asked).map((kept) => kept.artifact));
      }
    }
    if (reply && turn && !waiting) turn.done(reply);
    if (waiting && turn) this.wait(turn, waiting);
    else if (unanswered && turn) this.retry(turn);
    if (!messages.length) fill(this.turns, h("p.faint", { text: "Nothing has been said here yet." }));
    this.scroll();
  }

  retry(turn) {
    const again = button("Answer it after all", () => this.run(turn, "/api/chat/retry", { thread: this.thread }));
    fill(turn.asked, h("p.faint", { text: "This was not answered: the turn was cut short." }), again);
  }

  add(said) {
    if (!this.turns.querySelector(".turn")) fill(this.turns);
    const turn = new Turn(said);
    this.turns.append(turn.element);
    return turn;
  }

  async say() {
    const message = this.controls.say.value.trim();
    if (!message || running) return;
    this.controls.say.value = "";
    await this.run(this.add(message), "/api/chat", { message, thread: this.thread });
    drawThreads();
  }

  wait(turn, waiting) {
    turn.waiting(waiting, (word) => this.run(turn, "/api/approvals/answer", { thread: this.thread, ...word }));
  }

  async run(turn, path, body) {
    running = new AbortController();
    fill(turn.asked);
    this.busy(true);
    turn.doing("…");
    this.scroll();
    try {
      await stream(path, body, (name, data) => this.on(turn, name, data), running.signal);
    } catch (error) {
      turn.failed(error.name === "AbortError" ? "Stopped. Say something, or ask again." : error.message);
    } finally {
      running = null;
      this.busy(false);
    }
  }

  on(turn, name, data) {
    if (name === "route") turn.route(data);
    else if (name === "token") turn.token(data.text);
    else if (name === "begun") turn.begun(data.who);
    else if (name === "noted") turn.noted(data);
    else if (name === "intended") turn.intended(data);
    else if (name === "step") turn.step(data);
    else if (name === "found") turn.found(data);
    else if (name === "error") turn.failed(data.error.message);
    else if (name === "reply" && data.waiting) this.wait(turn, data.waiting);
    else if (name === "reply") turn.done(data);
    this.scroll();
  }

  busy(is) {
    this.controls.stop.hidden = !is;
    this.controls.send.hidden = is;
    this.turns.setAttribute("aria-busy", String(is));
  }

  /** Keep the end in sight, unless the reader has gone back to read. */
  scroll() {
    const end = document.documentElement;
    if (end.scrollHeight - end.scrollTop - end.clientHeight < 240) end.scrollTop = end.scrollHeight;
  }
}

const EMPTY = { findings: [], broken: null, cut: false };
