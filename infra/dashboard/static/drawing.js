// How a panel's values become a chart: columns, scales, axes and series as uPlot takes them.

import { colour } from './elements.js';
import { short } from './format.js';

const PALETTE = ['#2b7fc4', '#e09f1f', '#1b9e77', '#b0609b', '#57b0de', '#d1493f', '#8d887f'];
export const AXIS_FONT = '11px system-ui, sans-serif';
const ROOM = 1.08; // above the highest value
const BRIDGED = 5; // periods without a value that a line crosses; over a longer gap it would tell a story
const BAR = [0.86, 60]; // of a period's width, and at most so many pixels

export const strokeOf = (line, place) => line.color || PALETTE[place % PALETTE.length];
export const scaleOf = (line) => (line.right ? 'right' : 'left');
// All that a chart is made of but its values.
export const outlineOf = ({ lines, stacked, axes, annotations }) =>
  [lines.map(({ label, color, right }) => [label, color, right]), stacked, axes, annotations];
export const unitOf = (widget, line) => widget.axes?.[scaleOf(line)]?.label || '';

// All lines on one time axis, with every period of the range; where a line has no value there is null.
export function table(widget, range, hidden) {
  const every = Array.from({ length: (range.end - range.start) / range.period }, (_, i) => range.start + i * range.period);
  const times = [...new Set([...every, ...widget.lines.flatMap((line) => line.times)])].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const raw = widget.lines.map((line) => {
    const values = new Array(times.length).fill(null);
    line.times.forEach((time, index) => { values[place.get(time)] = line.values[index]; });
    return values;
  });
  return { times, raw, drawn: widget.stacked ? piled(raw, hidden) : raw };
}

function piled(raw, hidden) {
  const sum = raw.length ? new Array(raw[0].length).fill(0) : [];
  return raw.map((values, line) => {
    if (hidden.has(line)) return values;
    return values.map((value, index) => (value === null ? null : (sum[index] += value)));
  });
}

// A value with no neighbour makes no line, so it gets a point.
const lonely = (u, series) => {
  const found = [];
  u.data[series].forEach((value, i) => { if (value !== null) found.push(i); });
  return found.filter((i, place) =>
    !(i - found[place - 1] <= BRIDGED) && !(found[place + 1] - i <= BRIDGED));
};

const longGaps = (period) => (u, _series, _first, _last, gaps) => {
  const bridged = Math.abs(u.valToPos(period * BRIDGED, 'x', true) - u.valToPos(0, 'x', true));
  return gaps.filter(([from, to]) => to - from > bridged + 1);
};

export function limits(axis) {
  return (_u, low, high) => {
    const least = axis?.min ?? Math.min(0, low ?? 0);
    const most = axis?.max ?? Math.max((high ?? 0) * ROOM, 0);
    return [least, most > least ? most : least + 1];
  };
}

export function axisOf(side, label, rises) {
  return {
    scale: side,
    side: side === 'left' ? 3 : 1,
    stroke: colour('muted'),
    font: AXIS_FONT,
    size: 44,
    gap: 4,
    space: 32,
    ticks: { show: false },
    grid: { show: side === 'left', stroke: colour('line'), width: 1 },
    // Where nothing is above zero the scale is made up, so it says only where zero is.
    values: (_u, splits) => splits.map((value) => (rises() || value === 0 ? short(value, label) : '')),
  };
}

export function seriesOf(widget, period, hidden) {
  const piles = { width: 0, paths: uPlot.paths.bars({ size: BAR, align: 1 }), points: { show: false } };
  const drawn = widget.lines.map((line, place) => {
    const stroke = strokeOf(line, place);
    const look = widget.stacked
      ? { ...piles, fill: stroke }
      : { width: 1.75, gaps: longGaps(period), points: { show: true, filter: lonely, size: 5, fill: stroke } };
    return { label: line.label, scale: scaleOf(line), show: !hidden.has(place), stroke, ...look };
  });
  // The highest pile first: each lower one is painted over it.
  return [{}, ...(widget.stacked ? drawn.reverse() : drawn)];
}

export function marks(widget) {
  return (u) => {
    for (const mark of widget.annotations) {
      const high = u.scales.left?.max;
      if (high === undefined || mark.value > high) continue;
      const y = Math.round(u.valToPos(mark.value, 'left', true));
      u.ctx.save();
      u.ctx.strokeStyle = mark.color || colour('warn');
      u.ctx.setLineDash([4, 4]);
      u.ctx.beginPath();
      u.ctx.moveTo(u.bbox.left, y);
      u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
      u.ctx.stroke();
      u.ctx.restore();
    }
  };
}
