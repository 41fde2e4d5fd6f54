// The panels that are no graphs.

import { element, markdown } from './elements.js';
import { figure, logTime, nameAndUnit, since } from './format.js';

const STATES = {
  ALARM: ['alarm', 0],
  INSUFFICIENT_DATA: ['no data', 1],
  OK: ['ok', 2],
  MISSING: ['not deployed', 3],
};

// Of several values of a line the newest counts.
const tile = (line) => {
  const [name, unit] = nameAndUnit(line.label);
  const [value, shown] = figure(line.values.at(-1), unit);
  const amount = element('p', { className: 'value' }, value, shown ? element('small', {}, ` ${shown}`) : '');
  const made = element('div', { className: 'tile' }, amount, element('p', { className: 'name' }, name));
  made.style.setProperty('--hue', line.color || 'var(--line)');
  return made;
};

const alarm = (stack, { name, state, since: changed, reason, description }) => {
  const [word] = STATES[state] || [state];
  const short = name.startsWith(`${stack}-`) ? name.slice(stack.length + 1) : name;
  // Where its description names an address, that is what to do about it.
  const runbook = /https?:\/\/[^\s<>"']+/.exec(description)?.[0];
  const said = short.replaceAll('-', ' ');
  const named = runbook ? element('a', { href: runbook, target: '_blank', rel: 'noreferrer' }, said) : said;
  const ago = changed ? `, ${since(Date.now() / 1000 - changed)}` : '';
  return element('li', { className: `state ${state}`, title: [name, description, reason].filter(Boolean).join('\n') },
    element('i', { 'aria-hidden': 'true' }), element('span', {}, named),
    element('small', {}, state === 'ALARM' ? word + ago : word));
};

const rank = ({ state, name }) => `${STATES[state]?.[1] ?? 4} ${name}`;

const cell = (column, value) =>
  element('td', {}, column === '@timestamp' ? element('time', { title: `${value} UTC` }, logTime(value)) : value);

const rows = ({ columns, rows: found, complaints }) => {
  if (!found.length) return [element('p', { className: 'empty' }, complaints.length ? '' : 'nothing in this time')];
  // A column that no row fills says nothing.
  const kept = columns.map((_, place) => place).filter((place) => found.some((row) => row[place]));
  const heads = kept.map((place) => element('th', { scope: 'col' }, columns[place].replace('@timestamp', 'time')));
  const body = found.map((row) => element('tr', {}, ...kept.map((place) => cell(columns[place], row[place]))));
  return [element('table', {}, element('thead', {}, element('tr', {}, ...heads)), element('tbody', {}, ...body))];
};

export const contents = {
  text: (widget) => markdown(widget.markdown),
  singleValue: (widget) => [element('div', { className: 'tiles' }, ...widget.lines.map(tile))],
  alarm: (widget, stack) => {
    const sorted = [...widget.alarms].sort((a, b) => rank(a).localeCompare(rank(b)));
    return [element('ul', { className: 'alarms' }, ...sorted.map((each) => alarm(stack, each)))];
  },
  log: (widget) => [element('div', { className: 'scroll', tabIndex: 0 }, ...rows(widget))],
  unknown: () => [],
};
