"use strict";

// Asked every two seconds; a rate is over the last ten.
const EVERY = 2000, WINDOW = 10000;
const seen = new Map();
const status = document.getElementById("status");
const states = { running: "running", waiting: "waiting", setting_aside: "setting aside", starting: "starting", stopped: "stopped" };

function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

function rate(name, delivered) {
  const now = Date.now();
  const known = (seen.get(name) || []).filter(([at, count]) => now - at <= WINDOW && count <= delivered);
  known.push([now, delivered]);
  seen.set(name, known);
  const [at, count] = known[0];
  return now > at ? (delivered - count) * 1000 / (now - at) : null;
}

function card(name) {
  for (const each of document.querySelectorAll("main section")) if (each.dataset.route === name) return each;
  const made = document.getElementById("route").content.firstElementChild.cloneNode(true);
  made.dataset.route = name;
  document.getElementById("routes").append(made);
  return made;
}

function show(route) {
  const place = card(route.name);
  const put = (selector, text) => { place.querySelector(selector).textContent = text; };
  const now = rate(route.name, route.delivered || 0);
  place.dataset.state = route.state;
  place.classList.toggle("moving", now > 0);
  put("h2", route.name);
  put(".source", route.source || "");
  put(".state", states[route.state] || route.state);
  put(".destination", route.destination || "");
  put(".reason", route.reason || "");
  put(".rate", now === null ? "–" : now.toFixed(now < 10 ? 1 : 0));
  put(".backlog", route.backlog ?? "–");
  put(".oldest", span(route.oldest_seconds));
  put(".delivered", (route.delivered || 0).toLocaleString());
  put(".aside", (route.dead_letters || 0).toLocaleString());
  put(".last", route.seconds_since_delivery === null || route.seconds_since_delivery === undefined ? "–" : `${span(route.seconds_since_delivery)} ago`);
  place.querySelector(".aside").classList.toggle("some", route.dead_letters > 0);
  place.querySelector(".errors").replaceChildren(...(route.errors || []).map(({ at, reason }) => {
    const item = document.createElement("li"), when = document.createElement("time");
    when.textContent = new Date(at).toLocaleTimeString() + " ";
    when.dateTime = at;
    item.append(when, reason);
    return item;
  }));
}

async function look() {
  try {
    const answer = await fetch("routes", { cache: "no-store" });
    const told = await answer.json();
    told.routes.forEach(show);
    const waiting = told.routes.filter((each) => !each.ready).length;
    status.textContent = waiting ? `${waiting} of ${told.routes.length} routes not ready` : "every route is ready";
    status.className = waiting ? "bad" : "";
  } catch {
    status.textContent = "the bridge does not answer";
    status.className = "bad";
  }
  setTimeout(look, EVERY);
}

look();
