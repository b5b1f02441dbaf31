// The daemon, asked from the page: the token, one way to ask, and what goes wrong.

const KEY = "clamp3.token";
const channel = new BroadcastChannel("clamp3");
const listeners = new Set();
let token = sessionStorage.getItem(KEY) ?? "";

/** What the daemon refused, or that it is not there (`gone`) or does not know us (`unauthorized`). */
export class Failure extends Error {
  constructor(code, message, hint = "") {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Hear of it when the daemon is `gone`, `unauthorized` or `here` (again). */
export function onState(listener) {
  listeners.add(listener);
}

let state = "here";
function become(next) {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener(next);
}

function keep(given) {
  token = given;
  sessionStorage.setItem(KEY, given);
}

// A tab that was opened anew lets the older ones in again.
channel.onmessage = (message) => {
  if (typeof message.data !== "string") return;
  keep(message.data);
  become("here");
};

let entered = Promise.resolve(); // what is dropped on a page just opened waits for its token

/** Hand in the code of the address, if there is one, for a token. */
export function enter() {
  const handedIn = handIn();
  entered = handedIn.catch(() => {});
  return handedIn;
}

async function handIn() {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", "/#/search");
  try {
    const response = await request("POST", "/v1/session", { body: JSON.stringify({ code }) });
    keep((await response.json()).token);
    channel.postMessage(token);
  } catch (failure) {
    if (!token) throw failure; // a code may be old where the session still is good
  }
}

/** Send a request; gives the response, or throws a Failure. */
export async function send(method, path, options) {
  await entered;
  return request(method, path, options);
}

async function request(method, path, { body, type = "application/json", signal } = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  if (method === "POST") headers["Content-Type"] = type;
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal, cache: "no-store" });
  } catch (error) {
    throw lost(error);
  }
  if (response.ok) {
    become("here");
    return response;
  }
  const { error } = await response.json().catch(() => ({ error: null }));
  const failure = new Failure(error?.code ?? "internal", error?.message ?? String(response.status), error?.hint);
  if (failure.code === "unauthorized") become("unauthorized");
  throw failure;
}

function lost(error) {
  if (error.name === "AbortError") return error;
  become("gone");
  return new Failure("gone", "The daemon does not answer.");
}

/** Ask with JSON and give JSON. */
export async function call(method, path, body, signal) {
  const given = method === "POST" ? { body: JSON.stringify(body ?? {}), signal } : { signal };
  return (await send(method, path, given)).json();
}

/** Follow the events of a job; gives each as it comes. */
export async function* follow(job, signal) {
  const response = await send("GET", `/v1/jobs/${job}/events`, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => { throw lost(error); });
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const line = event.split("\n").find((each) => each.startsWith("data: "));
      if (line) yield JSON.parse(line.slice(6));
    }
  }
}

// A browser opens six connections to a host, and the next question must find one free.
const MOST_QUIET = 3;
const waiting = [];
let quiet = 0;

/** Do something that a question goes before; dropped where its signal says so. */
export function quietly(work, signal) {
  return new Promise((resolve, reject) => {
    waiting.push({ work, signal, resolve, reject });
    next();
  });
}

function next() {
  while (quiet < MOST_QUIET && waiting.length) {
    const { work, signal, resolve, reject } = waiting.shift();
    if (signal?.aborted) {
      reject(signal.reason);
      continue;
    }
    quiet += 1;
    work().then(resolve, reject).finally(() => {
      quiet -= 1;
      next();
    });
  }
}
