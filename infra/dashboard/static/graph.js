// A time series panel: uPlot draws, the legend toggles, a tooltip says what is under the cursor.

import { AXIS_FONT, axisOf, limits, marks, outlineOf, scaleOf, seriesOf, strokeOf, table, unitOf } from './drawing.js';
import { colour, element } from './elements.js';
import { atTime, text, tick } from './format.js';

const TOGETHER = 'dashboard'; // the panels whose cursors move as one

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

  // The same lines get new values, under a pointer that stays where it is; other lines get a new chart.
  show(widget, range) {
    const outline = JSON.stringify([outlineOf(widget), range.period]);
    const same = outline === this.outline;
    Object.assign(this, { widget, range, outline });
    if (!same) {
      this.redraw();
      return;
    }
    this.chart.setData(this.columns());
    this.explain();
  }

  // What uPlot takes: the times, and each line's values in the order of seriesOf.
  columns() {
    this.data = table(this.widget, this.range, this.hidden);
    const { times, drawn } = this.data;
    return [times, ...(this.widget.stacked ? drawn.toReversed() : drawn)];
  }

  redraw() {
    const { widget, hidden } = this;
    if (!widget) return;
    this.chart?.destroy();
    const sides = [...new Set(widget.lines.map(scaleOf))].sort();
    const columns = this.columns();
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
          values: (_u, splits) => splits.map((time) => tick(time, this.range.end - this.range.start)),
        },
        ...sides.map((side) => axisOf(side, widget.axes?.[side]?.label, () => this.rises(side))),
      ],
      series: seriesOf(widget, this.range.period, hidden),
      hooks: { draw: [marks(widget)], setCursor: [(u) => this.point(u)] },
    };
    this.chart = new uPlot(options, columns, this.plot);
    this.chart.over.addEventListener('mouseleave', () => { this.tip.hidden = true; });
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
    this.empty.hidden = this.widget.lines.some((line) => line.times.length > 0);
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
    const focused = [...this.legend.children].indexOf(document.activeElement);
    this.legend.replaceChildren(...entries, ...limitsShown);
    if (focused >= 0) this.legend.children[focused]?.focus();
    const said = this.widget.lines.map((line, place) => `${line.label} ${text(newest[place], unitOf(this.widget, line))}`);
    this.plot.setAttribute('role', 'img');
    this.plot.setAttribute('aria-label', `${this.widget.title}, newest values: ${said.join(', ')}`);
  }

  toggle(place) {
    if (!this.hidden.delete(place)) this.hidden.add(place);
    this.redraw();
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
