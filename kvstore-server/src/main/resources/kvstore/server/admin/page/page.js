// Asks the daemon every few seconds and shows what it says. Whatever comes from it, names of models and keys above all, is
// put in as text and never as markup.

import { element, heatBars, lines } from "./charts.js";
import { ago, clock, count, duration, latency, percent, rate, size } from "./format.js";

const QUICK_MILLIS = 2000;
const SLOW_MILLIS = 15000;
const WINDOW_MILLIS = 15 * 60 * 1000;
const MINUTE_MILLIS = 60 * 1000;

const MISSES = {
  absent: "not stored, or evicted since",
  other_length: "stored with another length: two engines with different geometry share keys",
  corrupt: "the record on disk was not what had been put",
  io_error: "the disk failed the read",
  in_flight: "its put did not end in time",
  no_memory: "no memory for reads in time",
  overloaded: "the disk could not have served it before the caller's deadline",
  unavailable: "the disk does not answer",
  io_timeout: "the disk did not answer in time",
  region_gone: "the client took its memory away",
};
const REFUSALS = {
  no_memory: "no memory for writes in time: raise memory.slab-size, or the disk is slow",
  no_space: "the disk is full, or all is leased or being read",
  io_error: "the disk failed the write",
  concurrent_put: "another put of the same key did not end in time",
  stopping: "the daemon stops or drains",
  overloaded: "the disk has more to write than it can catch up with",
  unavailable: "the disk does not answer",
  io_timeout: "the disk did not answer in time",
  region_gone: "the client took its memory away",
  bad_key: "a client's key is empty or too long",
  bad_length: "a client's value is empty or too long",
  truncated: "a client ended before its value was whole",
};

const $ = (id) => document.getElementById(id);
let steps = [];
let stat = null;
let answered = 0;

async function ask(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000) });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error);
  }
  return answer;
}

/** Calls again and again, one after the other, and rests while nobody looks. */
function repeat(work, millis) {
  const again = async () => {
    if (!document.hidden) {
      try {
        await work();
      } catch (failure) {
        unanswered(failure);
      }
    }
    setTimeout(again, millis);
  };
  again();
}

async function quick() {
  const after = steps.length === 0 ? 0 : steps.at(-1).end_millis;
  const [look, history] = await Promise.all([ask("api/stat"), ask(`api/history?after=${after}`)]);
  stat = look;
  const oldest = Date.now() - WINDOW_MILLIS;
  steps = steps.concat(history.steps).filter((step) => step.end_millis > oldest);
  answered = Date.now();
  showStat();
  showHistory();
}

function unanswered(failure) {
  const starting = failure instanceof Error && /^starting|^stopping/.test(failure.message);
  pill(starting ? failure.message : "no answer", starting ? "warning" : "critical");
  $("fresh").textContent = answered === 0 ? "" : `last answer ${ago(answered)}`;
}

function pill(text, kind) {
  const state = $("state");
  state.textContent = text;
  state.className = `pill ${kind}`;
}

function showStat() {
  document.title = `kvstore ${stat.node}`;
  $("node").textContent = stat.node;
  const worst = stat.alerts.length === 0 ? "good" : stat.alerts[0].severity;
  if (stat.draining_since_millis !== 0) {
    pill("draining", "warning");
  } else {
    pill(stat.ready ? "ready" : "not ready", stat.ready ? (worst === "critical" ? "critical" : "good") : "critical");
  }
  $("identity").textContent =
    `kvstore ${stat.server_version}, up ${duration(stat.uptime_millis)}, start ${stat.epoch}`;
  $("fresh").textContent = `as of ${new Date(answered).toLocaleTimeString()}`;
  showAlerts();
  showCapacity();
  showWay();
  showDirectories();
}

function showAlerts() {
  const rows = stat.alerts.map((alert) =>
    element("li", { class: `alert ${alert.severity === "critical" ? "critical" : "warning"}` },
      element("strong", {}, ...withCode(alert.what)), element("span", {}, ...withCode(alert.cure))));
  if (rows.length === 0) {
    rows.push(element("li", { class: "alert good" }, element("strong", {}, "Nothing needs attention.")));
  }
  const list = $("alerts");
  const text = JSON.stringify(stat.alerts);
  if (list.dataset.shown !== text) { // or a screen reader would read the same every two seconds
    list.dataset.shown = text;
    list.replaceChildren(...rows);
  }
}

/** What stands between backticks, as code. */
function withCode(text) {
  return text.split("`").map((part, i) => (i % 2 === 0 ? part : element("code", {}, part)));
}

function figure(id, text) {
  const [value, ...unit] = text.split(" ");
  $(id).replaceChildren(value, ...(unit.length > 0 ? [element("small", {}, unit.join(" "))] : []));
}

function facts(id, rows) {
  $(id).replaceChildren(...rows.flatMap(([term, value, more]) => [
    element("dt", {}, term),
    element("dd", {}, value, ...(more ? [element("small", {}, more)] : [])),
  ]));
}

function bar(id, parts, whole, label) {
  const place = $(id);
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", label);
  place.replaceChildren(...parts.map(([bytes, kind]) => {
    const part = element("i", { class: kind });
    part.style.width = `${whole === 0 ? 0 : Math.min(100, (100 * bytes) / whole)}%`;
    return part;
  }));
}

function showCapacity() {
  const full = stat.capacity_state === "full";
  const used = `${size(stat.used_bytes)} of ${size(stat.capacity_bytes)}, ${percent(stat.used_bytes, stat.capacity_bytes)}`;
  bar("capacity-bar",
    [[Math.min(stat.chunk_bytes, stat.used_bytes), full ? "full" : "part-0"],
      [Math.max(0, stat.used_bytes - stat.chunk_bytes), full ? "full" : "part-1"]],
    stat.capacity_bytes, `Used: ${used}`);
  facts("capacity", [
    ["Used", used, `${size(stat.chunk_bytes)} of it in chunks that a get would find`],
    ["State", stat.capacity_state, { ok: "", full: "the file system refused to store more",
      shrinking: "the file system has less free than the floor" }[stat.capacity_state]],
    ["File system", `${size(stat.file_system_available_bytes)} free`,
      stat.free_space_floor_bytes === 0 ? "no floor" : `floor ${size(stat.free_space_floor_bytes)}`],
    ["Segments", `${count(stat.segments)} of ${size(stat.segment_bytes)}`],
    ["Evicted", `${count(stat.evicted_chunks)} chunks since the start`],
  ]);
  figure("chunks", count(stat.chunks));
  $("chunks-note").textContent = size(stat.chunk_bytes);
}

function showWay() {
  const gpu = stat.gpu_path === "" ? "unavailable" : stat.gpu_path;
  const rows = [
    ["Host path", stat.io_path, stat.io_path_reason],
    ["GPU path", stat.gpus === 0 ? gpu : `${gpu}, ${stat.gpus} GPUs`, stat.gpu_path_reason],
    ["File system", stat.file_system, stat.file_system === "lustre" ? `layout ${stat.stripe_layout}: ${stat.stripe_layout_reason}` : ""],
    ["Disk, when busy", stat.read_bytes_per_second + stat.write_bytes_per_second === 0 ? "not known yet"
      : `${rate(stat.read_bytes_per_second)} read, ${rate(stat.write_bytes_per_second)} written`,
    `${size(stat.disk_outstanding_bytes)} outstanding, ${count(stat.disk_overdue)} operations overdue`],
    ["Pool", stat.pool],
    ["Scrub", stat.scrub_running ? `${stat.scrub_segments_done} of ${stat.scrub_segments} segments` : "not running",
      `last complete: ${ago(stat.scrub_completed_millis)}; ${count(stat.scrub_bad_records)} bad records since the start`],
  ];
  facts("way", rows);
  const memory = `${size(stat.memory_used_bytes)} of ${size(stat.memory_bytes)} lent out, ${percent(stat.memory_used_bytes, stat.memory_bytes)}`;
  bar("memory-bar", [[stat.memory_used_bytes, "part-0"]], stat.memory_bytes, memory);
  $("memory-note").textContent = memory;
}

function table(id, caption, heads, rows) {
  const cell = (name, kind, text, scope) => element(name, { ...(kind ? { class: kind } : {}), ...(scope ? { scope } : {}) }, text);
  $(id).replaceChildren(
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...heads.map(([text, kind]) => cell("th", kind, text, "col")))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text, i) => cell("td", heads[i][1], text))))));
}

function showDirectories() {
  table("directories", "Where this node keeps its segments",
    [["Directory", "text"], ["State", "text"], ["Used", "number"], ["Capacity", "number"], ["Segments", "number"], ["Free for all", "number"]],
    stat.directories.map((each) => [each.path, each.away_reason === "" ? each.capacity_state : `set aside: ${each.away_reason}`,
      size(each.used_bytes), size(each.capacity_bytes), count(each.segments), size(each.file_system_available_bytes)]));
}

function sum(list, pick) {
  return list.reduce((total, each) => total + pick(each), 0);
}

/** Steps for charts: wider ones where there are many, so that a line is one and not a fur. */
function merged() {
  const width = 5;
  const groups = new Map();
  for (const step of steps) {
    const slot = Math.floor(step.end_millis / (width * 2000));
    groups.set(slot, [...(groups.get(slot) ?? []), step]);
  }
  return [...groups.values()];
}

function showHistory() {
  const groups = merged();
  const times = groups.map((group) => group.at(-1).end_millis);
  const to = Date.now();
  const frame = { from: to - WINDOW_MILLIS, to };
  const perSecond = (pick) => groups.map((group) => (1000 * sum(group, pick)) / sum(group, (step) => step.millis));
  const worst = (pick) => groups.map((group) => Math.max(...group.map(pick)) || null);
  const typical = (pick, weight) => groups.map((group) => {
    const all = sum(group, weight);
    return all === 0 ? null : sum(group, (step) => pick(step) * weight(step)) / all || null;
  });

  lines($("throughput"), times, [
    { name: "loaded", kind: "load", values: perSecond((step) => step.get_bytes) },
    { name: "stored", kind: "store", values: perSecond((step) => step.put_bytes) },
  ], { ...frame, format: rate, base: 2, what: "Throughput" });
  lines($("latency"), times, [
    { name: "load, median", kind: "load", values: typical((step) => step.get_median_micros, (step) => step.get_hits) },
    { name: "load, p99", kind: "load", thin: true, values: worst((step) => step.get_p99_micros) },
    { name: "store, median", kind: "store", values: typical((step) => step.put_median_micros, (step) => step.put_stored) },
    { name: "store, p99", kind: "store", thin: true, values: worst((step) => step.put_p99_micros) },
  ], { ...frame, format: latency, powers: true, what: "Latency" });
  lines($("hits"), times, [
    { name: "hits", kind: "load", values: perSecond((step) => step.get_hits) },
    { name: "misses", kind: "store", values: perSecond((step) => step.get_misses) },
  ], { ...frame, format: (value) => `${count(value)}/s`, base: 10, what: "Hits and misses, keys a second" });
  lines($("disk"), times, [
    { name: "read", kind: "load", values: perSecond((step) => step.disk_read_bytes) },
    { name: "written", kind: "store", values: perSecond((step) => step.disk_write_bytes) },
    { name: "evicted", kind: "third", thin: true, values: perSecond((step) => step.evicted_bytes) },
  ], { ...frame, format: rate, base: 2, what: "Disk" });
  lines($("filling"), times, [{ name: "used", kind: "load", values: groups.map((group) => group.at(-1).used_bytes) }],
    { ...frame, format: size, max: stat.capacity_bytes, height: 110, what: "Used" });

  showTiles(to);
  showReasons("misses", "misses", MISSES, "No get missed.");
  showReasons("refusals", "refusals", REFUSALS, "No put was refused.");
}

function showTiles(now) {
  const hits = sum(steps, (step) => step.get_hits);
  const misses = sum(steps, (step) => step.get_misses);
  figure("hit-ratio", hits + misses === 0 ? "–" : percent(hits, hits + misses));
  $("hit-ratio-note").textContent =
    hits + misses === 0 ? "no gets in 15 minutes" : `of ${count(hits + misses)} gets in 15 min`;
  const last = steps.slice(-3);
  const millis = Math.max(1, sum(last, (step) => step.millis));
  const per = (pick) => (1000 * sum(last, pick)) / millis;
  figure("load-rate", rate(per((step) => step.get_bytes)));
  $("load-note").textContent = `${count(per((step) => step.get_hits))} chunks/s now`;
  figure("store-rate", rate(per((step) => step.put_bytes)));
  $("store-note").textContent = `${count(per((step) => step.put_stored))} chunks/s now`;
  const minute = steps.filter((step) => step.end_millis > now - MINUTE_MILLIS);
  const p99 = Math.max(0, ...minute.map((step) => step.get_p99_micros));
  figure("load-latency", p99 === 0 ? "–" : latency(p99));
  $("latency-note").textContent = p99 === 0 ? "no loads in the last minute" : "worst 2 s of the last minute";
}

function ranks(id, rows, none) {
  const most = Math.max(1, ...rows.map((row) => row.weight));
  const list = rows.map((row) => {
    const length = element("i");
    length.style.width = `${(100 * row.weight) / most}%`;
    return element("li", {},
      element("div", { class: "row" }, element("span", { class: "name" }, row.name), element("span", { class: "count" }, row.count)),
      element("div", { class: "rank", "aria-hidden": "true" }, length),
      ...(row.note ? [element("small", {}, row.note)] : []));
  });
  $(id).replaceChildren(list.length === 0 ? element("p", { class: "quiet" }, none) : element("ul", { class: "ranks" }, ...list));
}

function showReasons(id, field, words, none) {
  const sums = new Map();
  for (const step of steps) {
    for (const each of step[field]) {
      sums.set(each.reason, (sums.get(each.reason) ?? 0) + each.count);
    }
  }
  ranks(id, [...sums].sort((a, b) => b[1] - a[1]).map(([reason, number]) => ({
    name: reason.replaceAll("_", " "), count: count(number), weight: number, note: words[reason] ?? "",
  })), none);
}

const HEAT = [[MINUTE_MILLIS, 4, "1 min"], [10 * MINUTE_MILLIS, 3, "10 min"], [60 * MINUTE_MILLIS, 2, "1 h"], [1440 * MINUTE_MILLIS, 1, "1 day"]];

function heat(lastUsed) {
  const age = Date.now() - lastUsed;
  return lastUsed === 0 ? 0 : (HEAT.find(([limit]) => age < limit)?.[1] ?? 0);
}

async function showSegments() {
  const answer = await ask("api/segments");
  const legend = element("div", { class: "legend" }, element("span", {}, "height: what is still found in it; colour: last used within"));
  for (const [, level, word] of HEAT) {
    legend.append(element("span", {}, element("i", { class: `swatch square heat-${level}` }), word));
  }
  legend.append(element("span", {}, element("i", { class: "swatch square heat-0" }), "longer ago"));
  $("segments").legend = legend;
  heatBars($("segments"), answer.groups.map((group) => ({
    share: group.bytes === 0 ? 0 : Math.min(1, group.chunk_bytes / group.bytes),
    heat: heat(group.last_used_millis),
    title: `${name(group)}: begun ${ago(group.created_millis)}, last used ${ago(group.last_used_millis)}, `
      + `${count(group.chunks)} chunks, ${size(group.chunk_bytes)}`,
  })), `${answer.segments} segments from the oldest to the newest`);
  table("segment-table", `${count(answer.segments)} segments, oldest first`,
    [["Segments", "text"], ["Begun", "number"], ["Last used", "number"], ["Chunks", "number"], ["Read again", "number"], ["Found in it", "number"], ["On disk", "number"], ["Held", "number"]],
    answer.groups.map((group) => [name(group), ago(group.created_millis), ago(group.last_used_millis), count(group.chunks),
      count(group.read_chunks), size(group.chunk_bytes), size(group.bytes), count(group.held)]));
}

function name(group) {
  const file = group.first_file.split("/").at(-1);
  return group.segments === 1 ? file : `${file} and ${group.segments - 1} more`;
}

async function showContents() {
  const contents = await ask("api/contents");
  $("contents-note").textContent = contents.counted_millis === 0 ? "The keys are being counted."
    : `Counted ${ago(contents.counted_millis)}${contents.unreadable_segments === 0 ? "" : `; ${contents.unreadable_segments} segments could not be read`}.`;
  if (contents.counting) {
    setTimeout(() => showContents().catch(unanswered), QUICK_MILLIS);
  }
  const rows = (groups, none) => groups.map((group) => ({
    name: group.name === "-" ? none : group.name, count: `${size(group.bytes)}, ${count(group.chunks)} chunks`, weight: group.bytes,
  }));
  ranks("models", rows(contents.models, "(keys that name no model)"), "Nothing is stored.");
  ranks("namespaces", rows(contents.namespaces, "(none: gRPC and RESP clients)"), "Nothing is stored.");
}

async function explain(key) {
  const place = $("explained");
  let answer;
  try {
    answer = await ask(`api/explain?key=${encodeURIComponent(key)}`);
  } catch (failure) {
    place.replaceChildren(element("p", { class: "answer" }, failure.message));
    return;
  }
  const rows = [];
  if (answer.state === "here") {
    rows.push(["File", answer.segment_file], ["Offset", count(answer.offset)], ["Length", `${count(answer.length)} bytes`],
      ["Stored", answer.stored_millis === 0 ? "unknown" : clock(answer.stored_millis)],
      ["Last used", clock(answer.last_used_millis)],
      ["Leases", `${answer.leases}${answer.held ? ", cannot be evicted now" : ""}`]);
  }
  if (answer.last_event !== "") {
    rows.push(["Last event", `${answer.last_event.replaceAll("_", " ")}, ${clock(answer.last_event_millis)}, ${count(answer.last_event_length)} bytes`]);
  }
  for (const namespace of answer.other_namespaces) {
    rows.push(["Stored in", `namespace ${namespace}`]);
  }
  const words = {
    here: "It is here: a get would find it.",
    in_flight: "A put of it is under way.",
    absent: answer.last_event === ""
      ? "It is not here, and nothing is known of it: never stored, or longer ago than is remembered."
      : "It is not here.",
  };
  const list = element("dl", { class: "facts", id: "explanation" });
  place.replaceChildren(element("p", { class: "answer" }, element("strong", {}, words[answer.state] ?? answer.state), " ", element("code", {}, key)), list);
  facts("explanation", rows);
}

/** The key is in the address, so that a colleague can be sent it. */
function explainAddressed() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key) {
    $("key").value = key;
    explain(key);
  }
}

$("explain-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const hash = `#${new URLSearchParams({ key: $("key").value })}`;
  if (location.hash === hash) {
    explainAddressed();
  } else {
    location.hash = hash;
  }
});
addEventListener("hashchange", explainAddressed);
document.addEventListener("visibilitychange", () => document.hidden || quick().catch(unanswered));

repeat(quick, QUICK_MILLIS);
repeat(showSegments, SLOW_MILLIS);
repeat(showContents, SLOW_MILLIS);
explainAddressed();
