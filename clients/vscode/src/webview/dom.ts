// Building elements. There is no way here to parse text as HTML, on purpose.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

/** `h('button', {class: 'icon', onclick: f}, 'text')`. Attributes that are false, null or undefined are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value as (event: Event) => void);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child != null && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A line drawing on a 16×16 field, hidden from screen readers. */
export function icon(name: keyof typeof ICONS): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

const ICONS = {
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  insert: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11',
  run: 'M5 3.5v9l7-4.5z',
  apply: 'M2.5 8.5 6 12l7.5-8',
  stop: 'M4 4h8v8H4z',
  send: 'M2.5 8 13.5 2.5 10.5 13.5 8 9z M8 9l5.5-6.5',
  down: 'M8 3v9.5M4 8.5l4 4 4-4',
  retry: 'M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3',
  forward: 'M3 8h9M8.5 4.5 12 8l-3.5 3.5',
  edit: 'M3 13l.7-2.8L11 3l2 2-7.2 7.3z',
  fork: 'M5 4.5v7M5 4.5a1.5 1.5 0 1 0 0-.01M5 13a1.5 1.5 0 1 0 0-.01M11 4.5a1.5 1.5 0 1 0 0-.01M11 6c0 3-6 2-6 5',
  star: 'M8 2.5l1.7 3.6 3.8.5-2.8 2.7.7 3.9L8 11.3l-3.4 1.9.7-3.9L2.5 6.6l3.8-.5z',
  trash: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9',
  close: 'M4 4l8 8M12 4l-8 8',
  attach: 'M10.5 5 6 9.5a1.2 1.2 0 0 0 1.7 1.7l5-5a2.6 2.6 0 0 0-3.7-3.7l-5.2 5.2a4 4 0 0 0 5.6 5.6L13 9.7',
  add: 'M8 3v10M3 8h10',
  tool: 'M9.5 3.5a3 3 0 0 0-3.6 3.9L2.5 10.8v2.7h2.7l3.4-3.4a3 3 0 0 0 3.9-3.6L10.5 8.5 7.5 5.5z',
  hide: 'M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4zM8 9.8a1.8 1.8 0 1 0 0-.01M3 13 13 3',
  export: 'M8 10V2.5M5 5.5l3-3 3 3M3 9.5v4h10v-4',
} as const;

/** A button that shows an icon and says `label` to everybody who cannot see it. */
export function iconButton(name: keyof typeof ICONS, label: string, onclick: (event: MouseEvent) => void, attributes: Attributes = {}): HTMLButtonElement {
  return h('button', { type: 'button', class: 'icon-button', title: label, 'aria-label': label, onclick: onclick as (event: never) => void, ...attributes }, icon(name));
}

/** Says something to screen readers only. */
export function announce(text: string): void {
  const region = document.getElementById('announcements');
  if (region) region.textContent = text;
}
