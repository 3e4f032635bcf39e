// Figures as people read them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function size(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${rounded(value)} ${UNITS[unit]}`;
}

export function rate(bytesPerSecond) {
  return `${size(bytesPerSecond)}/s`;
}

export function latency(micros) {
  if (micros < 1000) {
    return `${rounded(micros)} µs`;
  }
  return micros < 1e6 ? `${rounded(micros / 1000)} ms` : `${rounded(micros / 1e6)} s`;
}

export function count(number) {
  return number.toLocaleString("en", { maximumFractionDigits: number < 10 ? 1 : 0 });
}

export function percent(part, whole) {
  const share = whole === 0 ? 0 : (100 * part) / whole;
  return `${share >= 99.95 || share === 0 ? Math.round(share) : share.toFixed(1)} %`;
}

export function duration(millis) {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 90) {
    return `${seconds} s`;
  }
  if (seconds < 5400) {
    return `${Math.round(seconds / 60)} min`;
  }
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

export function ago(millis) {
  return millis === 0 ? "never" : `${duration(Date.now() - millis)} ago`;
}

export function clock(millis) {
  return new Date(millis).toLocaleString();
}

function rounded(value) {
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toString() : value.toFixed(1);
}
