// What the curator held back: kept, put in other words, or dropped.
import { get, post } from "./api.js";
import { button, fill, h, notice } from "./dom.js";

/** Show what waits for the owner. */
export async function show(view) {
  const { items } = await get("/api/review");
  const left = h("p.faint");
  const list = h("div");
  const count = () => { left.textContent = list.children.length ? `${list.children.length} wait for your word` : "Nothing waits for your word."; };
  fill(list, items.map((item) => card(item, (done) => { done.remove(); count(); })));
  fill(view, h("div.page", {}, h("h1", { text: "Review" }),
    h("p", { text: "What the curator held back from what a voice is trained on. Your word counts more than its." }), left, list));
  count();
}

function card(item, gone) {
  const said = h("textarea", { rows: 3, value: item.userMessage ?? "" });
  const answered = h("textarea", { rows: 5, value: item.assistantResponse ?? "" });
  const word = (verdict) => async () => {
    const edit = verdict === "edit" ? { userMessage: said.value, assistantResponse: answered.value } : {};
    await post(`/api/review/${encodeURIComponent(item.id)}`, { word: verdict, ...edit });
    notice(`${item.id}: ${verdict}`);
    gone(element);
  };
  const element = h("article.card", { "aria-label": item.id },
    h("p.faint", {}, h("a", { href: `#/memories/${encodeURIComponent(item.id)}`, text: item.id })),
    h("ul.warn", {}, item.reasons.map((text) => h("li", { text }))),
    h("label.field", {}, "Said", said), h("label.field", {}, "Answered", answered),
    h("div.row", {}, button("Keep", word("keep"), "button.first"), button("Keep as edited", word("edit")), button("Drop", word("drop"), "button.danger")));
  return element;
}
