// The page: asks for the data again and again, lays the panels out, and says what is wrong when something is.

import { element, inline } from './elements.js';
import { moment, since } from './format.js';
import { Graph } from './graph.js';
import { contents } from './panels.js';

const RETRY_SECONDS = 5;
const THEMES = ['auto', 'light', 'dark'];
const $ = (id) => document.getElementById(id);
const given = new URLSearchParams(location.search);
const state = {
  since: given.get('since') || '1h',
  picture: given.has('picture'), // for a report: nothing to press, and the time in words
  live: !given.has('picture'),
  theme: given.get('theme') || localStorage.getItem('theme') || 'auto',
  shown: null,
  timer: 0,
  asked: 0,
};
const cards = [];

function card(widget) {
  const body = element('div', { className: 'body' });
  const notes = element('p', { className: 'complaints', hidden: true });
  const title = element('h3', { hidden: !widget.title }, widget.title);
  const made = element('section', { className: `card ${widget.type}` }, title, body, notes);
  const place = { x: widget.x + 1, y: widget.y + 1, w: widget.width, h: widget.height };
  for (const [name, value] of Object.entries(place)) made.style.setProperty(`--${name}`, value);
  made.classList.toggle('wide', widget.width > 10);
  return { made, body, notes, graph: widget.type === 'timeSeries' ? new Graph(body) : null };
}

// What decides whether the cards on the page can be kept.
const outline = (widgets) => JSON.stringify(widgets.map(({ type, title, x, y, width, height }) =>
  [type, title, x, y, width, height]));

function layOut(widgets) {
  cards.splice(0, cards.length, ...widgets.map(card));
  $('grid').replaceChildren(...cards.map(({ made }) => made));
  state.outline = outline(widgets);
}

function draw(data) {
  state.shown = data;
  if (state.outline !== outline(data.widgets)) layOut(data.widgets);
  data.widgets.forEach((widget, place) => {
    const { body, notes, graph } = cards[place];
    if (graph) graph.show(widget, data.range);
    else keepingScroll(body, contents[widget.type](widget, data.stack));
    notes.textContent = (widget.complaints || []).join(' · ');
    notes.hidden = !notes.textContent;
  });
  $('stack').textContent = data.stack;
  document.title = `${data.stack} · dashboard`;
  $('model').replaceChildren(...serving(data.model));
  $('when').textContent = `the last ${state.since}, until ${moment(data.at)}`;
  const why = data.model ? `Nothing was scored in the last ${state.since}` : 'No model serves yet, so events wait';
  $('hint').replaceChildren(`${why}. Next: `, element('code', {}, data.next_command));
  $('hint').hidden = data.scored;
  buttons(data.shortcuts);
}

function keepingScroll(body, children) {
  const top = body.querySelector('.scroll')?.scrollTop || 0;
  body.replaceChildren(...children);
  const scroll = body.querySelector('.scroll');
  if (scroll) scroll.scrollTop = top;
}

function serving(model) {
  if (!model) return ['no model serves yet'];
  if (model.problem) return [model.problem];
  const ago = since(Date.now() / 1000 - model.promoted_at);
  return ['serving ', element('code', {}, model.version), `, promoted ${ago} ago by ${model.promoted_by}`];
}

function buttons(shortcuts) {
  const made = shortcuts.map((name) => {
    const button = element('button', { type: 'button', 'aria-pressed': String(name === state.since) }, name);
    button.addEventListener('click', () => choose(name));
    return button;
  });
  const focused = [...$('ranges').children].indexOf(document.activeElement);
  $('ranges').replaceChildren(...made);
  if (focused >= 0) made[focused].focus();
}

function choose(name) {
  state.since = name;
  given.set('since', name);
  history.replaceState(null, '', `?${given}`);
  buttons(state.shown.shortcuts);
  ask();
}

function fail(line) {
  $('error').replaceChildren(...inline(line));
  $('error').hidden = !line;
  if (line) $('hint').hidden = true;
  document.body.classList.toggle('stale', Boolean(line));
}

async function fetched() {
  let response;
  try {
    response = await fetch(`data?since=${encodeURIComponent(state.since)}`);
  } catch {
    throw new Error('The dashboard’s command has ended: run `churn dashboard` again and open its new address.');
  }
  const data = await response.json().catch(() => ({ error: 'The dashboard failed: its terminal says why.' }));
  if (data.error) throw new Error(data.error);
  return data;
}

// Answers may overtake each other when the range is changed; only the newest question's counts.
async function ask() {
  clearTimeout(state.timer);
  const question = ++state.asked;
  $('grid').setAttribute('aria-busy', 'true');
  let wait = Math.min(RETRY_SECONDS, state.shown?.refresh_seconds ?? RETRY_SECONDS);
  try {
    const data = await fetched();
    if (question !== state.asked) return;
    draw(data);
    $('grid').dataset.since = state.since;
    fail('');
    wait = data.refresh_seconds;
  } catch (error) {
    if (question !== state.asked) return;
    fail(error.message);
  }
  $('grid').setAttribute('aria-busy', 'false');
  tellAge();
  if (state.live) state.timer = setTimeout(() => (document.hidden ? null : ask()), wait * 1000);
}

function tellAge() {
  if (!state.shown) return;
  const seconds = Date.now() / 1000 - state.shown.at;
  $('age').textContent = seconds < 10 ? 'up to date' : `${since(seconds)} old`;
}

function setTheme(theme) {
  state.theme = THEMES.includes(theme) ? theme : 'auto';
  document.documentElement.dataset.theme = state.theme;
  $('theme').textContent = state.theme[0].toUpperCase() + state.theme.slice(1);
  for (const { graph } of cards) graph?.redraw();
}

function setLive(live) {
  state.live = live;
  $('live').setAttribute('aria-pressed', String(live));
  if (live) ask();
  else clearTimeout(state.timer);
}

$('theme').addEventListener('click', () => {
  setTheme(THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length]);
  localStorage.setItem('theme', state.theme);
});
$('live').addEventListener('click', () => setLive(!state.live));
document.addEventListener('visibilitychange', () => { if (!document.hidden && state.live) ask(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTheme(state.theme));
setInterval(tellAge, 5000);
document.body.classList.toggle('picture', state.picture);
setTheme(state.theme);
$('live').setAttribute('aria-pressed', String(state.live));
ask();
