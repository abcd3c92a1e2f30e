"use strict";

const INTERVAL = 1000;
const token = document.querySelector("meta[name=token]").content;
const by = (id) => document.getElementById(id);
const chosen = { queue: null, start: 0, message: null };
let refreshed = true;

async function ask(path, body) {
  const request = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Mock-MQ-Token": token },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`/api/${path}`, request);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

// What is in a message is text, and never markup.
function cell(content, kind) {
  const made = document.createElement("td");
  if (content instanceof Node) made.append(content);
  else made.textContent = content;
  if (kind) made.className = kind;
  return made;
}

function row(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function link(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function fill(id, rows) {
  const body = by(id).tBodies[0];
  const focused = body.contains(document.activeElement) ? document.activeElement.textContent : null;
  body.replaceChildren(...rows);
  if (focused !== null) {
    [...body.querySelectorAll("button")].find((each) => each.textContent === focused)?.focus();
  }
}

function say(text, bad = false) {
  by("status").textContent = text;
  by("status").className = bad ? "bad" : "";
}

function age(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function notes(queue) {
  if (queue.type !== "local") return queue.target ? `${queue.type} of ${queue.target}` : queue.type;
  const inhibited = [queue.put_inhibited && "put", queue.get_inhibited && "get"].filter(Boolean).join(", ");
  return inhibited ? `${inhibited} inhibited` : age(queue.age);
}

function showState(state) {
  by("name").textContent = state.name;
  document.title = `mock-mq ${state.name}`;
  const wanted = state.queues.filter((each) => by("system").checked || !each.name.startsWith("SYSTEM."));
  fill("queues", wanted.map((each) => {
    const name = each.type === "local" ? link(each.name, () => choose(each.name)) : each.name;
    const made = row(cell(name), cell(each.depth ?? "", "number"), cell(each.input ?? "", "number"),
      cell(each.output ?? "", "number"), cell(notes(each), "quiet"));
    made.dataset.queue = each.name;
    if (each.name === chosen.queue) made.className = "chosen";
    return made;
  }));
  fill("connections", state.connections.map((each) => row(cell(each.application), cell(each.user),
    cell(each.channel), cell(each.address), cell(each.calls, "number"))));
}

function showMessages(page) {
  by("queue").hidden = false;
  by("queue-title").textContent = page.queue;
  fill("messages", page.messages.map((each) => {
    const made = row(cell(link(each.id, () => open(each.number)), "id"), cell(each.format),
      cell(each.length, "number"), cell(each.priority, "number"), cell(each.put), cell(each.application));
    if (each.number === chosen.message) made.className = "chosen";
    return made;
  }));
  by("back").disabled = page.start === 0;
  by("forth").disabled = !page.more;
}

function showMessage(message) {
  by("message").hidden = false;
  const cut = message.shown < message.length ? `, the first ${message.shown} shown` : "";
  by("shown").textContent = `(${message.length} bytes${cut})`;
  by("body").textContent = message.text ?? "not text in a CCSID that is known here";
  fill("hex", message.rows.map((each) => row(cell(each.at), cell(each.hex), cell(each.ascii), cell(each.ebcdic))));
  fill("descriptor", Object.entries(message.descriptor).map(([name, value]) => row(cell(name), cell(value, "id"))));
}

async function refresh() {
  try {
    showState(await ask("state"));
    if (chosen.queue) {
      const path = `queues/${encodeURIComponent(chosen.queue)}/messages?start=${chosen.start}`;
      showMessages(await ask(path));
    }
    // Only what was said of the last refresh: that a message was refused is to be read at leisure.
    if (!refreshed) say("");
    refreshed = true;
  } catch (problem) {
    refreshed = false;
    say(problem instanceof TypeError ? "the queue manager does not answer" : problem.message, true);
  }
}

async function attempt(work) {
  say("");
  try {
    await work();
  } catch (problem) {
    say(problem.message, true);
  }
}

function choose(queue) {
  Object.assign(chosen, { queue, start: 0, message: null });
  by("message").hidden = true;
  say("");
  return refresh();
}

function open(number) {
  return attempt(async () => {
    showMessage(await ask(`queues/${encodeURIComponent(chosen.queue)}/messages/${number}`));
    chosen.message = number;
    await refresh();
  });
}

by("system").addEventListener("change", refresh);
by("close").addEventListener("click", () => { by("message").hidden = true; chosen.message = null; });
by("back").addEventListener("click", () => { chosen.start = Math.max(0, chosen.start - 100); refresh(); });
by("forth").addEventListener("click", () => { chosen.start += 100; refresh(); });
by("clear").addEventListener("click", () => {
  by("sure-text").textContent = `Remove all messages from ${chosen.queue}? They can't be brought back.`;
  by("sure").returnValue = "no";
  by("sure").showModal();
});
by("sure").addEventListener("close", () => {
  if (by("sure").returnValue !== "yes") return;
  attempt(async () => {
    const { removed } = await ask(`queues/${encodeURIComponent(chosen.queue)}/clear`, {});
    await refresh();
    say(`${removed} removed`);
  });
});
by("put").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const { id } = await ask(`queues/${encodeURIComponent(chosen.queue)}/messages`, {
      text: by("text").value,
      format: by("format").value,
      ccsid: Number(by("ccsid").value),
      priority: Number(by("priority").value),
      persistent: by("persistent").checked,
    });
    await refresh();
    say(`put ${id}`);
  });
});
refresh();
setInterval(refresh, INTERVAL);
