// Talking with the server: JSON both ways, and streams of events that a POST answers with.

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function send(method, path, body, signal) {
  let response;
  try {
    response = await fetch(path, {
      method, signal, cache: "no-store", credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is `metahuman serve` still running?", 0);
  }
  if (!response.ok) throw new Refused(await told(response), response.status);
  return response;
}

async function told(response) {
  try {
    const { error } = await response.json();
    return error?.message ?? error ?? response.statusText;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

const json = async (...request) => {
  const response = await send(...request);
  return response.status === 204 ? null : response.json();
};

export const get = (path, query = {}) => json("GET", path + told_query(query));
export const post = (path, body = {}) => json("POST", path, body);
export const put = (path, body) => json("PUT", path, body);
export const patch = (path, body) => json("PATCH", path, body);
export const remove = (path, query = {}) => json("DELETE", path + told_query(query));

function told_query(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Post, and hand over each event of the stream that comes back: its name and its data. */
export async function stream(path, body, on, signal) {
  const response = await send("POST", path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) event(block, on);
  }
}

function event(block, on) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  if (data.length) on(name, JSON.parse(data.join("\n")));
}
