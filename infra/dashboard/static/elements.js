// Elements are made of nodes and texts, never of markup: what a metric or a log line says is not ours.

export const element = (name, properties = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const INLINE = /(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\(https?:\/\/[^)\s]+\))/;

// Bold, code and links of one line.
export const inline = (line) =>
  line.split(INLINE).map((part) => {
    if (part.startsWith('**')) return element('strong', {}, part.slice(2, -2));
    if (part.startsWith('`')) return element('code', {}, part.slice(1, -1));
    const link = /^\[([^\]]+)\]\((.+)\)$/.exec(part);
    return link ? element('a', { href: link[2], target: '_blank', rel: 'noreferrer' }, link[1]) : part;
  });

// The Markdown that dashboards use: headings, paragraphs, lists, bold, code and links.
export const markdown = (source) =>
  source.split('\n').filter((line) => line.trim()).map((line) => {
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (heading) return element(`h${Math.max(2, heading[1].length)}`, {}, ...inline(heading[2]));
    const item = /^\s*[-*] (.*)$/.exec(line);
    return element('p', {}, ...(item ? ['• ', ...inline(item[1])] : inline(line)));
  });
