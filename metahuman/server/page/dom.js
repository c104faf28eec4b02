// Building the page: elements made from plain values, so that no text is ever read as markup.

/** Return an element. `of` holds attributes, `on…` listeners and `text`; children are nodes, texts, or nothing. */
export function h(name, of = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(of)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put these in the place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (selector, from = document) => from.querySelector(selector);

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** Return a moment as the reader's own language writes it. */
export function moment(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? String(iso ?? "") : WHEN.format(date);
}

/** Return a moment as "3 hours ago" or "in 5 minutes", in an element that tells it exactly. */
export function ago(iso) {
  const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return h("span", { text: String(iso ?? "") });
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return h("time", { datetime: iso, title: moment(iso), text: AGO.format(Math.round(seconds / size), unit) });
}

export const number = (value, digits = 0) => Number(value ?? 0).toLocaleString(undefined, { maximumFractionDigits: digits });
export const milliseconds = (value) => (value >= 1000 ? `${number(value / 1000, 1)} s` : `${number(value)} ms`);

/** Tell something in the corner for a while; screen readers say it. */
export function notice(text, bad = false) {
  const shown = h(bad ? "div.notice.bad" : "div.notice", { text });
  $("#notices").append(shown);
  setTimeout(() => shown.remove(), bad ? 9000 : 4000);
}

/** Return a button that is off while what it does is under way, and tells what went wrong. */
export function button(text, act, name = "button", of = {}) {
  const made = h(name, { type: "button", text, ...of });
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await act(made);
    } catch (error) {
      notice(error.message, true);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** Ask in a dialog; resolves to what `answer` gives, or null where the person thinks better of it. */
export function ask(title, body, { yes = "OK", danger = false, answer = () => true } = {}) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog" },
      h("h1", { text: title }), body,
      h("div.row.end", {},
        h("button", { value: "no", text: "Cancel", formnovalidate: true }),
        h(danger ? "button.danger" : "button.first", { value: "yes", text: yes })));
    const dialog = h("dialog", { "aria-label": title }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? answer(form) : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
