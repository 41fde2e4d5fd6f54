// A time series panel: uPlot draws, the legend toggles, a tooltip says what is under the cursor.

import { colour, element } from './elements.js';
import { atTime, short, text, tick } from './format.js';

const PALETTE = ['#2b7fc4', '#e09f1f', '#1b9e77', '#b0609b', '#57b0de', '#d1493f', '#8d887f'];
const AXIS_FONT = '11px system-ui, sans-serif';
const ROOM = 1.08; // above the highest value
const TOGETHER = 'dashboard'; // the panels whose cursors move as one
const BRIDGED = 5; // periods without a value that a line crosses; over a longer gap it would tell a story
const BAR = [0.86, 60]; // of a period's width, and at most so many pixels

const strokeOf = (line, place) => line.color || PALETTE[place % PALETTE.length];
const scaleOf = (line) => (line.right ? 'right' : 'left');
const unitOf = (widget, line) => widget.axes?.[scaleOf(line)]?.label || '';

// All lines on one time axis, with every period of the range; where a line has no value there is null.
function table(widget, range, hidden) {
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

function limits(axis) {
  return (_u, low, high) => {
    const least = axis?.min ?? Math.min(0, low ?? 0);
    const most = axis?.max ?? Math.max((high ?? 0) * ROOM, 0);
    return [least, most > least ? most : least + 1];
  };
}

function axisOf(side, label, somewhat) {
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
    values: (_u, splits) => splits.map((value) => (somewhat || value === 0 ? short(value, label) : '')),
  };
}

function seriesOf(widget, period, hidden) {
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

function marks(widget) {
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

export class Graph {
  constructor(host) {
    this.host = host;
    this.hidden = new Set();
    this.plot = element('div', { className: 'plot' });
    this.empty = element('p', { className: 'empty', hidden: true }, 'nothing in this time');
    this.legend = element('div', { className: 'legend' });
    this.tip = element('div', { className: 'tip', hidden: true, role: 'status' });
    this.plot.append(this.empty, this.tip);
    host.append(this.plot, this.legend);
    new ResizeObserver(() => this.fit()).observe(this.plot);
  }

  show(widget, range) {
    this.widget = widget;
    this.range = range;
    this.redraw();
  }

  // Drawn anew each time: a definition may change under the page, and a panel takes about a millisecond.
  redraw() {
    const { widget, hidden } = this;
    if (!widget) return;
    this.data = table(widget, this.range, hidden);
    this.chart?.destroy();
    const sides = [...new Set(widget.lines.map(scaleOf))].sort();
    const span = this.range.end - this.range.start;
    const options = {
      ...this.size(),
      padding: [6, sides.includes('right') ? 0 : 18, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: TOGETHER, setSeries: false },
        drag: { x: false, y: false },
        points: { show: !widget.stacked, size: 6 },
        y: false,
      },
      scales: {
        x: { time: true, range: () => [this.range.start, this.range.end] },
        ...Object.fromEntries(sides.map((side) => [side, { range: limits(widget.axes?.[side]) }])),
      },
      axes: [
        {
          stroke: colour('muted'), font: AXIS_FONT, size: 26, gap: 4, space: 64,
          ticks: { show: false }, grid: { show: false },
          values: (_u, splits) => splits.map((time) => tick(time, span)),
        },
        ...sides.map((side) => axisOf(side, widget.axes?.[side]?.label, this.rises(side))),
      ],
      series: seriesOf(widget, this.range.period, hidden),
      hooks: { draw: [marks(widget)], setCursor: [(u) => this.point(u)] },
    };
    const drawn = widget.stacked ? this.data.drawn.toReversed() : this.data.drawn;
    this.chart = new uPlot(options, [this.data.times, ...drawn], this.plot);
    this.chart.over.addEventListener('mouseleave', () => { this.tip.hidden = true; });
    this.empty.hidden = widget.lines.some((line) => line.times.length > 0);
    this.explain();
  }

  // Whether any line of a side rises above zero.
  rises(side) {
    return this.widget.lines.some((line) => scaleOf(line) === side && line.values.some((value) => value > 0));
  }

  size() {
    const { clientWidth, clientHeight } = this.plot;
    return { width: Math.max(clientWidth, 50), height: Math.max(clientHeight, 50) };
  }

  fit() {
    if (this.chart) this.chart.setSize(this.size());
  }

  explain() {
    const newest = this.widget.lines.map((line) => line.values.at(-1));
    const entries = this.widget.lines.map((line, place) => {
      const swatch = element('i');
      swatch.style.background = strokeOf(line, place);
      const entry = element('button', {
        type: 'button', title: 'Show or hide', 'aria-pressed': String(!this.hidden.has(place)),
      }, swatch, line.label);
      entry.classList.toggle('none', line.times.length === 0);
      entry.addEventListener('click', () => this.toggle(place));
      return entry;
    });
    const limitsShown = this.widget.annotations.map((mark) =>
      element('span', {}, `${mark.label || 'limit'} at ${text(mark.value, this.widget.axes?.left?.label)}`));
    this.legend.replaceChildren(...entries, ...limitsShown);
    const said = this.widget.lines.map((line, place) => `${line.label} ${text(newest[place], unitOf(this.widget, line))}`);
    this.plot.setAttribute('role', 'img');
    this.plot.setAttribute('aria-label', `${this.widget.title}, newest values: ${said.join(', ')}`);
  }

  toggle(place) {
    if (!this.hidden.delete(place)) this.hidden.add(place);
    this.redraw();
    this.legend.children[place].focus();
  }

  // Only the panel under the pointer shows values; the others follow with their line.
  point(u) {
    const { idx, left, top } = u.cursor;
    if (idx === null || idx === undefined || left < 0 || !u.over.matches(':hover')) {
      this.tip.hidden = true;
      return;
    }
    const { widget } = this;
    const rows = widget.lines.flatMap((line, place) => {
      const value = this.data.raw[place][idx];
      if (this.hidden.has(place) || value === null) return [];
      const swatch = element('i');
      swatch.style.background = strokeOf(line, place);
      return [element('div', {}, swatch, element('span', {}, line.label),
        element('b', {}, text(value, unitOf(widget, line))))];
    });
    const span = this.range.end - this.range.start;
    if (widget.stacked) rows.reverse(); // as they lie on each other
    const said = rows.length ? rows : [element('div', { className: 'quiet' }, 'no values')];
    this.tip.replaceChildren(element('time', {}, atTime(this.data.times[idx], span)), ...said);
    this.tip.hidden = false;
    const x = left + u.over.offsetLeft;
    const room = this.plot.clientWidth - this.tip.offsetWidth - 4;
    this.tip.style.left = `${Math.max(4, Math.min(x + 14 > room ? x - this.tip.offsetWidth - 14 : x + 14, room))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(top, this.plot.clientHeight - this.tip.offsetHeight))}px`;
  }
}
