// The voices that were trained, and votes on them: two answers to the same prompt, and nobody says whose is whose.
import { get, post } from "./api.js";
import { fill, h, moment, notice, number } from "./dom.js";

/** Show all of them, or the vote on one. */
export async function show(view, [run]) {
  return run ? vote(view, run) : all(view);
}

async function all(view) {
  const { voices, problems } = await get("/api/voices");
  const heads = ["Trained", "Dataset", "Held-out loss", "Score", "Speaks in", ""];
  fill(view, h("div.page", {}, h("h1", { text: "Voices" }),
    h("p", {}, "Adapters that were trained on what you said. ", h("code", { text: "metahuman train" }), " makes one, ", h("code", { text: "metahuman persona eval" }), " measures it."),
    problems.map((text) => h("p.warn", { text })),
    voices.length ? h("div.scroll", { tabindex: 0, role: "region", "aria-label": "Voices" }, h("table", {},
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, voices.map(row)))) : h("p.faint", { text: "None yet." })));
}

function row(voice) {
  const losses = voice.losses ?? {};
  return h("tr", {},
    h("td", {}, h("a", { href: `#/voices/${voice.run}`, text: moment(voice.createdAt) }), h("p.faint", { text: voice.run }),
      voice.forgotten ? h("p.bad", { text: "tainted: it was trained on what is forgotten" }) : null),
    h("td", { text: voice.dataset }),
    h("td", { text: losses.heldOut === undefined ? "" : `${number(losses.heldOutBase, 2)} → ${number(losses.heldOut, 2)}` }),
    h("td", { text: voice.score ? `${number(voice.score.value, 2)} (${number(voice.score.low, 2)} to ${number(voice.score.high, 2)})` : "not measured" }),
    h("td", { text: voice.inForce.join(", ") || "no mode" }),
    h("td", {}, h("a.button.small", { href: `#/voices/${voice.run}`, text: "Vote" })));
}

async function vote(view, run) {
  const place = h("div", { "aria-live": "polite" });
  fill(view, h("div.page", {}, h("p", {}, h("a", { href: "#/voices", text: "All voices" })), h("h1", { text: "Which answer is better?" }), place));
  const draw = ({ pair, result }) => fill(place, pair ? asked(pair, say) : h("p", { text: "All pairs were voted on." }), pair ? null : told(result));
  const say = async (pair, choice) => {
    try {
      draw(await post(`/api/voices/${run}/votes`, { pair, choice }));
      place.querySelector("button")?.focus();
    } catch (error) {
      notice(error.message, true);
    }
  };
  const keys = (event) => {
    const choice = { 1: "1", 2: "2", t: "tie", n: "neither", s: "skip" }[event.key];
    const button = choice && place.querySelector(`[data-choice="${choice}"]`);
    if (button && !event.target.closest("input, textarea, select")) button.click();
  };
  draw(await get(`/api/voices/${run}/votes`));
  addEventListener("keydown", keys);
  return () => removeEventListener("keydown", keys);
}

function asked(pair, say) {
  const choose = (choice, text, name = "button") => h(name, { type: "button", text, "data-choice": choice, onclick: () => say(pair.id, choice) });
  const answer = (title, text, choice) => h("section.card", { "aria-label": title }, h("h3", { text: title }), h("p.said-as-is", { text }), choose(choice, `${title} is better`, "button.first"));
  return h("div", {}, h("p.faint", { text: `${number(pair.left)} left · keys 1, 2, t, n, s` }), h("blockquote", { text: pair.prompt }),
    h("div.pair", {}, answer("Answer 1", pair.first, "1"), answer("Answer 2", pair.second, "2")),
    h("div.row", {}, choose("tie", "Equally good"), choose("neither", "Neither is good"), choose("skip", "Skip")));
}

function told(result) {
  const { voice, base, ties, neither, winRate } = result.person;
  const share = (value) => `${number(value * 100)} %`;
  return h("div", {},
    h("p", { text: `The voice won ${voice}, the base ${base}; ${ties + neither} ties.` }),
    winRate ? h("p", { text: `That is ${share(winRate.value)} of the choices (95 % interval ${share(winRate.low)} to ${share(winRate.high)}).` }) : null);
}
