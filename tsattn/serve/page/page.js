"use strict";
// The page at /: sends a file to /forecast, and shows the answer as a chart and a table.

const $ = (id) => document.getElementById(id);
const MAIN = [
  ["horizon", "Steps to forecast", "by default 48 hours, 30 days, 12 months", "number"],
  ["interval", "Interval", "", ["80 %", "50 %", "90 %", "95 %"]],
  ["target", "Columns to forecast", "inferred", "text"],
  ["item", "Columns that name a series", "inferred", "text"],
  ["known", "Covariates known in advance", "such as promo,price", "text"],
  ["model", "Model", "", []],
];
const READ = [
  ["timestamp", "Timestamp column", "none numbers the rows"],
  ["freq", "Frequency", "15min, h, D, B, W, MS, QS, YS"],
  ["date_order", "Order in dates", "ymd, dmy or mdy"],
  ["date_system", "First year of serial days", "1900 or 1904"],
  ["timezone", "Time zone", "Europe/Berlin or +02:00"],
  ["resample", "Aggregate to", "D, W, MS"],
  ["agg", "Aggregate by", "mean, sum or last"],
  ["on_duplicate", "Repeated timestamps", "first, last, mean or sum"],
  ["missing", "Markers of missing values", "-999,unavailable"],
  ["fill", "Value of steps without rows", "such as 0"],
  ["layout", "Layout", "single, wide, long, rows, times"],
  ["past", "Covariates without future", ""],
  ["static", "Constant covariates", ""],
  ["delimiter", "Field separator", ", ; | or tab"],
  ["decimal", "Decimal separator", ". or ,"],
  ["encoding", "Encoding", "utf-8 or latin-1"],
  ["calendar", "Calendar", "XNYS, Mon-Sat or none"],
  ["holidays", "Holidays", "DE,US-NY"],
  ["as_of", "Forecast as of", "later values are ignored; 2024-05-01 includes the whole day"],
];
const OWN = { interval: 1, token: 1 };  // fields that are not options of a request
const STEPS = { h: "hours", D: "days", B: "business days", W: "weeks", MS: "months", QS: "quarters", YS: "years", min: "minutes" };
const HISTORY = 200;
let file = null, answer = null, position = -1, running = null;

// -- the form ---------------------------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function field([name, label, hint, kind = "text"]) {
  const id = `f-${name}`;
  const input = Array.isArray(kind)
    ? element("select", { id }, ...kind.map((text) => element("option", { value: text }, text)))
    : element("input", { id, type: kind, autocomplete: "off", ...(kind === "number" ? { min: 1, step: 1, inputmode: "numeric" } : {}) });
  if (kind === "password") input.setAttribute("autocomplete", "current-password");
  const box = element("div", { class: "field", "data-name": name }, element("label", { for: id }, `${label} `, ...(name in OWN ? [] : [element("code", {}, name)])), input);
  if (hint) {
    box.append(element("small", { id: `${id}-help` }, hint));
    input.setAttribute("aria-describedby", `${id}-help`);
  }
  return box;
}

function askForToken() {
  if ($("f-token")) return;
  $("main-fields").prepend(field(["token", "Token", "this server needs one", "password"]));
}

function headers() {
  const token = $("f-token") && $("f-token").value.trim();
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function listModels() {
  const select = $("f-model"), chosen = select.value;
  const response = await fetch("models", { headers: headers() }).catch(() => null);
  if (response && response.status === 401) askForToken();
  const names = response && response.ok ? (await response.json()).models : [];
  select.replaceChildren(element("option", { value: "" }, "the newest that fits"), ...names.map((n) => element("option", { value: n }, n)));
  select.value = names.includes(chosen) ? chosen : "";
}

function take(chosen) {
  if (!chosen) return;
  file = chosen;
  $("file-name").textContent = `${chosen.name} (${size(chosen.size)})`;
  forecast();
}

function size(bytes) {
  return bytes < 1e4 ? `${bytes} bytes` : bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function example() {
  const rows = ["month,store,sales"];
  let seed = 7;
  const noise = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647 - 0.5; };
  for (let month = 0; month < 60; month++) {
    const date = `${2020 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}-01`;
    for (const [store, base, wave] of [["north", 420, 90], ["south", 260, 40]]) {
      const value = base + 1.8 * month + wave * Math.sin((month / 6) * Math.PI) + 30 * noise();
      rows.push(`${date},${store},${value.toFixed(1)}`);
    }
  }
  take(new File([rows.join("\n") + "\n"], "example.csv", { type: "text/csv" }));
}

function formData() {
  const form = new FormData();
  form.append("data", file, file.name);
  for (const [name] of [...MAIN, ...READ]) {
    const value = $(`f-${name}`).value.trim();
    if (value && !(name in OWN)) form.append(name, value);
  }
  const share = parseInt($("f-interval").value, 10) / 100;
  form.append("quantiles", [0.5 - share / 2, 0.5, 0.5 + share / 2].map((q) => +q.toFixed(4)).join(","));
  form.append("history", String(Math.max(HISTORY, 2 * (parseInt($("f-horizon").value, 10) || 0))));
  return form;
}

async function forecast() {
  if (!file) return fail({ message: "no file was chosen", hint: "drop a file on the page, or press Choose a file" });
  if (running) running.abort();
  const mine = (running = new AbortController());
  busy(true);
  try {
    const response = await fetch("forecast", { method: "POST", body: formData(), headers: headers(), signal: mine.signal });
    const document = await response.json();
    if (response.status === 401) { askForToken(); $("f-token").focus(); }
    if (!response.ok) fail(document.error, response.headers.get("retry-after"));
    else show(document);
  } catch (error) {
    if (mine.signal.aborted) return;
    fail({ message: "the server did not answer", hint: `check that it still runs (${error.message})` });
  }
  if (running === mine) { running = null; busy(false); }
}

function busy(is) {
  $("go").disabled = is;
  $("status").textContent = is ? `Forecasting ${file.name} …` : "";
}

function fail(error, retry) {
  $("result").hidden = true;
  $("error").hidden = false;
  $("error-message").textContent = error.message;
  $("error-hint").textContent = error.hint ? `Hint: ${error.hint}` : "";
  $("error-hint").hidden = !error.hint;
  if (retry) $("error-hint").textContent += ` (in ${retry} seconds)`;
  markWanted(`${error.message} ${error.hint}`);
  $("error").scrollIntoView({ block: "nearest" });
}

// Hints name options of a request, such as freq=D; the fields of the page have the same names.
function markWanted(text) {
  for (const box of document.querySelectorAll(".field")) {
    const name = box.dataset.name, wanted = new RegExp(`\\b${name}=`).test(text) || text.startsWith(`${name} must`);
    box.classList.toggle("wanted", wanted);
    box.querySelector("input, select").toggleAttribute("aria-invalid", wanted);
    if (wanted && $("more").contains(box)) $("more").open = true;
  }
}

// -- the answer -------------------------------------------------------------------------------------------------------

function show(found) {
  answer = found;
  $("error").hidden = true;
  $("result").hidden = false;
  markWanted("");
  const count = found.forecasts.length;
  $("result-title").textContent = `${count === 1 ? "1 series" : `${count.toLocaleString()} series`}, the next ${found.horizon} ${STEPS[found.freq.split("-")[0]] || `steps of ${found.freq}`} by ${found.model}`;
  const [low, , high] = found.quantiles;
  $("band-name").textContent = `${Math.round(100 * (high - low))} % interval`;
  $("series").replaceChildren(...found.forecasts.map((one, k) => element("option", { value: k }, one.item_id)));
  $("chooser").hidden = count < 2;
  showWarnings(found);
  showReport(found);
  position = -1;
  draw();
  $("result-title").focus({ preventScroll: true });
  $("result").scrollIntoView({ block: "nearest" });
}

function showWarnings(found) {
  const lines = [...(found.data.warnings || [])];
  const failures = found.failures || [];
  if (failures.length) {
    const some = failures.slice(0, 5).map((one) => `${one.item_id} (${one.reason})`).join(", ");
    lines.unshift(`Without a forecast: ${some}${failures.length > 5 ? ` and ${failures.length - 5} more` : ""}`);
  }
  $("warnings").replaceChildren(...lines.map((text) => element("p", {}, text)));
}

function showReport(found) {
  const list = element("dl");
  const rows = (found.data.found || []).map((one) => [one.what, one.value]);
  for (const [what, value] of [["rows", (found.data.rows || 0).toLocaleString()], ...rows]) {
    list.append(element("dt", {}, what), element("dd", {}, String(value)));
  }
  const repairs = (found.data.repaired || []).map((one) => `${one.what}: ${one.count}${one.where ? ` (first: ${one.where})` : ""}`);
  const notes = [...repairs, ...(found.notes || [])].map((text) => element("li", {}, text));
  $("report").replaceChildren(list, element("ul", {}, ...notes));
}

// The chosen series: labels of all steps, history and forecast, with null where there is no value.
function chosen() {
  const one = answer.forecasts[$("series").value || 0];
  const past = (answer.history || []).find((h) => h.item_id === one.item_id) || { timestamps: [], values: [] };
  const [low, middle, high] = answer.quantiles.map((q) => one.quantiles[String(q)]);
  return { name: one.item_id, past: past.values, labels: [...past.timestamps, ...one.timestamps], first: past.values.length, low, middle, high };
}

function draw() {
  if (!answer) return;
  const series = chosen();
  drawChart(series);
  drawTable(series);
}

function drawTable(series) {
  const [low, , high] = answer.quantiles;
  const text = writer([...series.low, ...series.high]);
  const table = $("table");
  table.caption.textContent = `Forecast of ${series.name}`;
  const head = ["timestamp", `low (${low})`, "median", `high (${high})`].map((name) => element("th", { scope: "col" }, name));
  table.tHead.replaceChildren(element("tr", {}, ...head));
  table.tBodies[0].replaceChildren(...series.middle.map((value, k) => element("tr", {},
    element("th", { scope: "row" }, label(series.labels[series.first + k])),
    ...[series.low[k], value, series.high[k]].map((v) => element("td", {}, text(v))))));
}

function label(stamp) {
  return String(stamp).replace("T", " ").replace(/( \d\d:\d\d):00(?=$|[+-])/, "$1");
}

// A function that writes numbers with as many decimals as their spread needs.
function writer(values) {
  const known = values.filter((v) => v !== null);
  const spread = Math.max(...known) - Math.min(...known) || Math.abs(known[0]) || 1;
  const decimals = Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(spread))));
  return (value) => (value === null ? "" : value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}

// -- the chart --------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough * 0.999);
  const made = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) made.push(k * step);
  return made;
}

function scales(series, box) {
  const known = [...series.past, ...series.low, ...series.high].filter((v) => v !== null);
  let low = Math.min(...known), high = Math.max(...known);
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  low = low >= 0 && low - margin < 0 ? 0 : low - margin;
  high += margin;
  const count = series.labels.length;
  return {
    low, high,
    x: (k) => box.left + (count < 2 ? 0.5 : k / (count - 1)) * (box.right - box.left),
    y: (v) => box.bottom - ((v - low) / (high - low)) * (box.bottom - box.top),
  };
}

function path(values, from, scale) {
  let made = "", pen = "M";
  values.forEach((value, k) => {
    if (value === null) { pen = "M"; return; }
    made += `${pen}${scale.x(from + k).toFixed(1)} ${scale.y(value).toFixed(1)}`;
    pen = "L";
  });
  return made;
}

function drawChart(series) {
  const width = Math.max(280, $("chart").clientWidth), height = $("chart").clientHeight;
  const values = [...series.past, ...series.low, ...series.high].filter((v) => v !== null);
  const left = 16 + 7.2 * Math.max(...ticks(Math.min(...values), Math.max(...values) || 1, 5).map((v) => tick(v).length), 3);
  const box = { left, right: width - 16, top: 10, bottom: height - 28 };
  const scale = scales(series, box), svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const value of ticks(scale.low, scale.high, 5)) {
    svg.append(shape("line", { class: "c-grid", x1: box.left, x2: box.right, y1: scale.y(value), y2: scale.y(value) }));
    svg.append(shape("text", { x: box.left - 8, y: scale.y(value) + 4, "text-anchor": "end" }, tick(value)));
  }
  drawTimes(svg, series, scale, box);
  const last = series.past.length && series.past[series.first - 1] !== null ? [series.past[series.first - 1]] : [];
  const from = series.first - last.length;
  const upper = path([...last, ...series.high], from, scale);
  const lower = [...last, ...series.low].map((v, k) => `L${scale.x(from + k).toFixed(1)} ${scale.y(v).toFixed(1)}`).reverse().join("");
  svg.append(shape("path", { class: "c-band", d: `${upper}${lower}Z` }));
  if (series.first) svg.append(shape("line", { class: "c-cut", x1: scale.x(series.first - 1), x2: scale.x(series.first - 1), y1: box.top, y2: box.bottom }));
  svg.append(shape("path", { class: "c-history", d: path(series.past, 0, scale) }));
  svg.append(shape("path", { class: "c-median", d: path([...last, ...series.middle], from, scale) }));
  if (series.labels.length < 60) {
    series.past.forEach((v, k) => v !== null && svg.append(shape("circle", { class: "c-dot", cx: scale.x(k), cy: scale.y(v), r: 2.2 })));
    series.middle.forEach((v, k) => svg.append(shape("circle", { class: "c-dot-median", cx: scale.x(series.first + k), cy: scale.y(v), r: 2.6 })));
  }
  const cross = shape("line", { class: "c-cross", y1: box.top, y2: box.bottom, visibility: "hidden" });
  svg.append(cross);
  $("chart").replaceChildren(svg);
  $("chart").view = { series, scale, box, cross, text: writer(values) };
  const end = series.labels.length - 1, text = writer(values);
  $("chart").setAttribute("aria-label", `${series.name}: ${series.first} past values and ${series.middle.length} forecast steps. ` +
    `The median goes from ${text(series.middle[0])} on ${label(series.labels[series.first])} to ${text(series.middle.at(-1))} on ${label(series.labels[end])}. Left and right arrow keys read the values.`);
  point(position);
}

function tick(value) {
  return Math.abs(value) >= 1e7 ? value.toExponential(1) : String(+value.toPrecision(6));
}

function drawTimes(svg, series, scale, box) {
  const widest = Math.max(...series.labels.map((text) => label(text).length)) * 7 + 24;
  const every = Math.max(1, Math.ceil(series.labels.length / Math.max(1, Math.floor((box.right - box.left) / widest))));
  const half = (widest - 24) / 2;
  for (let k = 0; k < series.labels.length; k += every) {
    const x = scale.x(k);
    if (x - half < 0 || x + half > box.right + 16) continue;  // it would be cut off
    svg.append(shape("text", { x, y: box.bottom + 20, "text-anchor": "middle" }, label(series.labels[k])));
  }
}

// Show the values of one step beside the legend; -1 for none.
function point(k) {
  const view = $("chart").view;
  if (!view) return;
  const { series, scale, cross, text } = view;
  position = Math.min(k, series.labels.length - 1);
  cross.setAttribute("visibility", position < 0 ? "hidden" : "visible");
  if (position < 0) { $("readout").textContent = ""; return; }
  cross.setAttribute("x1", scale.x(position));
  cross.setAttribute("x2", scale.x(position));
  const ahead = position - series.first, when = label(series.labels[position]);
  $("readout").textContent = ahead < 0
    ? `${when}: ${series.past[position] === null ? "missing" : text(series.past[position])}`
    : `${when}: ${text(series.middle[ahead])} (${text(series.low[ahead])} … ${text(series.high[ahead])})`;
}

function pointed(event) {
  const view = $("chart").view;
  if (!view) return;
  const { box, series } = view, x = event.clientX - $("chart").getBoundingClientRect().left;
  point(Math.max(0, Math.min(series.labels.length - 1, Math.round(((x - box.left) / (box.right - box.left)) * (series.labels.length - 1)))));
}

function keyed(event) {
  const view = $("chart").view;
  if (!view) return;
  const { series } = view, start = position < 0 ? series.first : position;
  const moves = { ArrowLeft: start - 1, ArrowRight: position < 0 ? start : start + 1, Home: 0, End: series.labels.length - 1, Escape: -1 };
  if (!(event.key in moves)) return;
  event.preventDefault();
  point(event.key === "Escape" ? -1 : Math.max(0, moves[event.key]));
}

// -- files to save ----------------------------------------------------------------------------------------------------

function save(name, kind, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function cell(value) {
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asCsv() {
  const names = answer.quantiles.map(String);
  const rows = answer.forecasts.flatMap((one) => one.timestamps.map((stamp, k) => [one.item_id, one.cutoff, stamp, ...names.map((q) => one.quantiles[q][k])]));
  return [["item_id", "cutoff", "timestamp", ...names], ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

// -- start ------------------------------------------------------------------------------------------------------------

$("main-fields").append(...MAIN.map(field));
$("read-fields").append(...READ.map(field));
$("form").addEventListener("submit", (event) => { event.preventDefault(); forecast(); });
$("file").addEventListener("change", () => take($("file").files[0]));
$("example").addEventListener("click", example);
$("series").addEventListener("change", () => { position = -1; draw(); });
$("f-interval").addEventListener("change", () => { if (answer && file) forecast(); });
$("save-csv").addEventListener("click", () => save("forecast.csv", "text/csv", asCsv()));
$("save-json").addEventListener("click", () => save("forecast.json", "application/json", JSON.stringify(answer)));
$("chart").addEventListener("pointermove", pointed);
$("chart").addEventListener("pointerleave", () => point(-1));
$("chart").addEventListener("keydown", keyed);
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  take(event.dataTransfer.files[0]);
});
document.addEventListener("change", (event) => { if (event.target.id === "f-token") listModels(); });
new ResizeObserver(() => { if (answer && !$("result").hidden) drawChart(chosen()); }).observe($("chart"));
listModels();
