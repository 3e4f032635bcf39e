// Small charts of our own: one SVG each, sized to its place, redrawn as a whole. Text only ever goes in as text.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 62;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return node;
}

/** A round number at or above this one, so that the scale does not jump with every step. */
function ceiling(value, base) {
  if (value <= 0) {
    return base === 2 ? 1048576 : 1;
  }
  if (base === 2) {
    const power = 1024 ** Math.floor(Math.log(value) / Math.log(1024));
    return [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024].find((step) => step * power >= value) * power;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value) * power;
}

/**
 * Lines over time.
 *
 * place: a <figure>. series: [{name, kind, thin, values}], values one for each of times (milliseconds); null is a gap.
 * options: {format, base, from, to, max, what}
 */
export function lines(place, times, series, options) {
  const state = (place.chart ??= { cursor: null });
  state.draw = () => drawLines(place, state, times, series, options);
  if (!state.observer) {
    state.observer = new ResizeObserver(() => state.draw());
    state.observer.observe(place);
    place.addEventListener("pointermove", (event) => {
      const box = place.getBoundingClientRect();
      state.cursor = event.clientX - box.left;
      state.draw();
    });
    place.addEventListener("pointerleave", () => {
      state.cursor = null;
      state.draw();
    });
  }
  state.draw();
}

function drawLines(place, state, times, series, options) {
  const width = Math.max(240, place.clientWidth);
  const height = options.height ?? 170;
  const { from, to } = options;
  const { ticks, share } = scale(series, options);
  const x = (time) => LEFT + ((time - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (value) => height - BOTTOM - Math.max(0, Math.min(share(value), 1)) * (height - TOP - BOTTOM);

  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": spoken(series, options) });
  for (const tick of ticks) {
    const at = y(tick);
    svg.append(
      shape("line", { class: "gridline", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
      shape("text", { x: LEFT - 8, y: at + 4, "text-anchor": "end" }, options.format(tick)),
    );
  }
  const minutes = (to - from) / 60000;
  for (let minute = Math.floor(minutes / 5) * 5; minute >= 0; minute -= 5) {
    const anchor = minute === 0 ? "end" : minute >= minutes ? "start" : "middle";
    svg.append(
      shape("text", { x: x(to - minute * 60000), y: height - 4, "text-anchor": anchor }, minute === 0 ? "now" : `−${minute} min`),
    );
  }
  for (const each of series) {
    for (const run of runs(times, each.values)) {
      const points = run.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
      if (!each.thin && !options.powers) {
        const [first, last] = [run[0][0], run.at(-1)[0]];
        svg.append(
          shape("polygon", { class: `area ${each.kind}`, points: `${x(first).toFixed(1)},${y(0)} ${points} ${x(last).toFixed(1)},${y(0)}` }),
        );
      }
      svg.append(shape("polyline", { class: `series ${each.kind}${each.thin ? " thin" : ""}`, points }));
    }
  }
  let shown = times.length - 1;
  if (state.cursor !== null && times.length > 0) {
    const time = from + ((state.cursor * (width / place.clientWidth) - LEFT) / (width - LEFT - RIGHT)) * (to - from);
    shown = times.reduce((best, each, i) => (Math.abs(each - time) < Math.abs(times[best] - time) ? i : best), 0);
    svg.append(shape("line", { class: "cursor", x1: x(times[shown]), x2: x(times[shown]), y1: TOP, y2: height - BOTTOM }));
  }
  const legend = element("div", { class: "legend", "aria-hidden": "true" });
  for (const each of series) {
    const value = each.values[shown];
    legend.append(
      element("span", {}, element("i", { class: `swatch ${each.kind}${each.thin ? " thin" : ""}` }), `${each.name} `, element("b", {}, value == null ? "–" : options.format(value))),
    );
  }
  if (state.cursor !== null && times.length > 0) {
    legend.append(element("span", {}, new Date(times[shown]).toLocaleTimeString()));
  }
  place.replaceChildren(svg, legend);
}

/** From 0 to a round number; or, for what spans powers of ten, from one power to another. */
function scale(series, options) {
  const values = series.flatMap((each) => each.values.filter((value) => value != null));
  if (!options.powers) {
    const top = options.max ?? ceiling(Math.max(0, ...values), options.base);
    return { top, ticks: [0, top / 2, top], share: (value) => value / top };
  }
  const low = Math.floor(Math.log10(Math.min(1000, ...values)));
  const high = Math.max(low + 2, Math.ceil(Math.log10(Math.max(1, ...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return { top: 10 ** high, ticks, share: (value) => (Math.log10(Math.max(value, 1e-9)) - low) / (high - low) };
}

function spoken(series, options) {
  const parts = series.map((each) => {
    const values = each.values.filter((value) => value != null);
    return values.length === 0
      ? `${each.name}: nothing`
      : `${each.name}: now ${options.format(values.at(-1))}, at most ${options.format(Math.max(...values))}`;
  });
  return `${options.what}, the last 15 minutes. ${parts.join(". ")}.`;
}

/** Stretches without a gap, as [time, value]. */
function runs(times, values) {
  const all = [[]];
  times.forEach((time, i) => {
    if (values[i] == null) {
      all.push([]);
    } else {
      all.at(-1).push([time, values[i]]);
    }
  });
  return all.filter((run) => run.length > 0);
}

/**
 * One bar for each group of segments, oldest first: as high as what is still alive in it, coloured by heat.
 *
 * bars: [{share, heat, title}], share 0 to 1, heat 0 to 4
 */
export function heatBars(place, bars, what) {
  const state = (place.chart ??= {});
  state.draw = () => {
    const width = Math.max(240, place.clientWidth);
    const height = 120;
    const step = (width - 2) / Math.max(bars.length, 1);
    const gap = step > 6 ? 2 : 0.5;
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": what });
    bars.forEach((bar, i) => {
      const tall = Math.max(3, bar.share * (height - BOTTOM));
      const group = shape("g", {}, shape("title", {}, bar.title));
      const box = { x: 1 + i * step, width: Math.max(1, Math.min(step - gap, 48)), rx: 2 };
      group.append(
        shape("rect", { ...box, class: "dead", y: 0, height: height - BOTTOM }),
        shape("rect", { ...box, class: `heat-${bar.heat}`, y: height - BOTTOM - tall, height: tall }),
      );
      svg.append(group);
    });
    svg.append(
      shape("text", { x: 1, y: height - 5 }, "oldest"),
      shape("text", { x: Math.min(width - 1, 1 + bars.length * Math.min(step, 50)), y: height - 5, "text-anchor": "end" }, bars.length > 1 ? "newest" : ""),
    );
    place.replaceChildren(svg, ...(place.legend ? [place.legend] : []));
  };
  if (!state.observer) {
    state.observer = new ResizeObserver(() => state.draw());
    state.observer.observe(place);
  }
  state.draw();
}
