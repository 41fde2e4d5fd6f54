// A time series panel: uPlot draws, the legend toggles, a tooltip says what is under the cursor.

import { colour, element } from './elements.js';
import { atTime, number, text, tick } from './format.js';

const PALETTE = ['#2b7fc4', '#e09f1f', '#1b9e77', '#b0609b', '#57b0de', '#d1493f', '#8d887f'];
const AXIS_FONT = '11px system-ui, sans-serif';
const ROOM = 1.08; // above the highest value
const together = uPlot.sync('dashboard');
together.pub = together.pub.bind(together);

const strokeOf = (line, place) => line.color || PALETTE[place % PALETTE.length];
const scaleOf = (line) => (line.right ? 'right' : 'left');
const unitOf = (widget, line) => widget.axes?.[scaleOf(line)]?.label || '';

// All lines on one time axis; where a line has no value there is null.
function table(widget, hidden) {
  const times = [...new Set(widget.lines.flatMap((line) => line.times))].sort((a, b) => a - b);
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
    return values.map((value, index) => (sum[index] += value ?? 0));
  });
}

// A value with no neighbour makes no line, so it gets a point.
const lonely = (u, series) => {
  const values = u.data[series];
  const found = [];
  values.forEach((value, i) => {
    if (value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) found.push(i);
  });
  return found;
};

function limits(axis) {
  return (_u, low, high) => {
    const least = axis?.min ?? Math.min(0, low ?? 0);
    const most = axis?.max ?? Math.max((high ?? 0) * ROOM, 0);
    return [least, most > least ? most : least + 1];
  };
}

function axisOf(side, label) {
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
    values: (_u, splits) => splits.map((value) => (label === 'ms' ? text(value, 'ms') : number(value))),
  };
}

function seriesOf(widget, hidden) {
  const drawn = widget.lines.map((line, place) => ({
    label: line.label,
    scale: scaleOf(line),
    show: !hidden.has(place),
    stroke: strokeOf(line, place),
    width: widget.stacked ? 1 : 1.75,
    fill: widget.stacked ? `${strokeOf(line, place)}55` : undefined,
    points: { show: true, filter: lonely, size: 5, fill: strokeOf(line, place) },
  }));
  return [{}, ...drawn];
}

// Between two piles the lower one's area is left out, or it would be painted over.
function bandsOf(widget, hidden) {
  if (!widget.stacked) return [];
  const shown = widget.lines.map((_, place) => place + 1).filter((place) => !hidden.has(place - 1));
  return shown.slice(1).map((place, below) => ({ series: [place, shown[below]] }));
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
    this.data = table(widget, hidden);
    this.chart?.destroy();
    const sides = [...new Set(widget.lines.map(scaleOf))].sort();
    const span = this.range.end - this.range.start;
    const options = {
      ...this.size(),
      padding: [6, sides.includes('right') ? 0 : 10, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: together.key, setSeries: false },
        drag: { x: false, y: false },
        points: { size: 6 },
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
        ...sides.map((side) => axisOf(side, widget.axes?.[side]?.label)),
      ],
      series: seriesOf(widget, hidden),
      bands: bandsOf(widget, hidden),
      hooks: { draw: [marks(widget)], setCursor: [(u) => this.point(u)] },
    };
    this.chart = new uPlot(options, [this.data.times, ...this.data.drawn], this.plot);
    this.chart.over.addEventListener('mouseleave', () => { this.tip.hidden = true; });
    this.empty.hidden = this.data.times.length > 0;
    this.explain();
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
    const rows = this.widget.lines.flatMap((line, place) => {
      const value = this.data.raw[place][idx];
      if (this.hidden.has(place) || value === null) return [];
      const swatch = element('i');
      swatch.style.background = strokeOf(line, place);
      return [element('div', {}, swatch, element('span', {}, line.label),
        element('b', {}, text(value, unitOf(this.widget, line))))];
    });
    const span = this.range.end - this.range.start;
    this.tip.replaceChildren(element('time', {}, atTime(this.data.times[idx], span)), ...rows.reverse());
    this.tip.hidden = rows.length === 0;
    const x = left + u.over.offsetLeft;
    const room = this.plot.clientWidth - this.tip.offsetWidth - 4;
    this.tip.style.left = `${Math.max(4, Math.min(x + 14 > room ? x - this.tip.offsetWidth - 14 : x + 14, room))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(top, this.plot.clientHeight - this.tip.offsetHeight))}px`;
  }
}
