// Numbers and times as a person reads them.

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const plain = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DAY = 86400;
const DURATIONS = { ms: 1, s: 1000, days: DAY * 1000 };

export const number = (value, exactBelow = 1e4) => {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= exactBelow) return compact.format(value);
  if (size >= 100) return whole.format(value);
  return size === 0 || size >= 0.001 ? plain.format(value) : '<0.001';
};

const STEPS = [[DAY * 1000, 'd'], [3600000, 'h'], [60000, 'min'], [1000, 's']];

// A duration in milliseconds moves to seconds, minutes, hours and days as it grows.
const duration = (ms) => {
  const found = STEPS.find(([size]) => Math.abs(ms) >= size);
  return found ? [number(ms / found[0]), found[1]] : [number(ms), 'ms'];
};

// [figure, unit] of a value; units that are words of the axis are not repeated.
export const figure = (value, unit) => {
  if (value === null || value === undefined) return ['–', ''];
  if (unit in DURATIONS) return duration(value * DURATIONS[unit]);
  if (unit === '%') return [number(value), '%'];
  return [number(value, 1e6), ''];
};

export const text = (value, unit) => figure(value, unit).join(' ').trim();

// As a scale writes it, where there is little room.
export const short = (value, unit) => (unit in DURATIONS || unit === '%' ? text(value, unit) : number(value));

// "Rejected (%)" is the name Rejected and the unit %.
export const nameAndUnit = (label) => {
  const found = /^(.*) \(([^()]+)\)$/.exec(label);
  return found ? [found[1], found[2]] : [label, ''];
};

export const atTime = (epoch, span) => {
  const at = new Date(epoch * 1000);
  return span > DAY ? `${day.format(at)} ${clock.format(at)}` : clock.format(at);
};

export const tick = (epoch, span) => {
  const at = new Date(epoch * 1000);
  return span > 2 * DAY ? day.format(at) : clock.format(at);
};

const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short' });
export const moment = (epoch) => full.format(new Date(epoch * 1000));

// The time of a log line, which CloudWatch gives in UTC without saying so.
export const logTime = (utc) => {
  const at = new Date(`${utc.replace(' ', 'T')}Z`);
  if (Number.isNaN(at.getTime())) return utc;
  const today = new Date().toDateString() === at.toDateString();
  return today ? seconds.format(at) : `${day.format(at)} ${clock.format(at)}`;
};

export const since = (secondsPast) => {
  const steps = [[DAY, 'd'], [3600, 'h'], [60, 'min']];
  const found = steps.find(([size]) => secondsPast >= size);
  return found ? `${Math.floor(secondsPast / found[0])} ${found[1]}` : `${Math.max(0, Math.round(secondsPast))} s`;
};
