// Markdown that a model wrote, as elements. Parsed by markdown-it with HTML off, then built token by token from a list of
// what is allowed: nothing is loaded, no address but http(s) becomes a link, an image becomes a link to itself.

import MarkdownIt, { type Token } from 'markdown-it';
import { codeBlock, type CodeTools } from './code';
import { h } from './dom';

const parser = new MarkdownIt({ html: false, linkify: false, breaks: false });
// Every address is let through here and judged in `link`, so that a refused one still shows as text.
parser.validateLink = () => true;

/** Markers that make text read as something else than it is: bidirectional overrides and invisible characters. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

export interface Tools extends CodeTools {
  onLink(href: string): void;
  imageLabel: string;
}

export function parse(text: string): Token[] {
  return parser.parse(text, {});
}

/** The elements of a whole text. */
export function renderMarkdown(text: string, tools: Tools): DocumentFragment {
  return renderTokens(parse(text), tools);
}

export function renderTokens(tokens: Token[], tools: Tools): DocumentFragment {
  const root = document.createDocumentFragment();
  const open: Node[] = [root];
  for (const token of tokens) {
    const parent = open.at(-1)!;
    if (token.nesting === 1) {
      const element = openElement(token, tools);
      parent.appendChild(element);
      open.push(element);
    } else if (token.nesting === -1) {
      if (open.length > 1) open.pop();
    } else {
      parent.appendChild(leaf(token, tools));
    }
  }
  return root;
}

const ELEMENTS: Partial<Record<string, keyof HTMLElementTagNameMap>> = {
  paragraph_open: 'p',
  blockquote_open: 'blockquote',
  bullet_list_open: 'ul',
  list_item_open: 'li',
  table_open: 'table',
  thead_open: 'thead',
  tbody_open: 'tbody',
  tr_open: 'tr',
  em_open: 'em',
  strong_open: 'strong',
  s_open: 's',
};

function openElement(token: Token, tools: Tools): Node {
  const tag = ELEMENTS[token.type];
  if (token.type === 'paragraph_open' && token.hidden) return document.createElement('span');
  if (tag) return h(tag);
  switch (token.type) {
    case 'heading_open':
      return h(`h${Math.min(6, Number(token.tag.slice(1)) + 2)}` as 'h3');
    case 'ordered_list_open':
      return h('ol', { start: token.attrGet('start') });
    case 'th_open':
    case 'td_open':
      return h(token.type === 'th_open' ? 'th' : 'td', { class: alignment(token) });
    case 'link_open':
      return link(token.attrGet('href') ?? '', tools);
    default:
      return document.createElement('span');
  }
}

function leaf(token: Token, tools: Tools): Node {
  switch (token.type) {
    case 'inline':
      return renderTokens(token.children ?? [], tools);
    case 'text':
    case 'html_inline':
    case 'html_block':
      return document.createTextNode(visible(token.content));
    case 'softbreak':
      return document.createTextNode('\n');
    case 'hardbreak':
      return h('br');
    case 'hr':
      return h('hr');
    case 'code_inline':
      return h('code', {}, visible(token.content));
    case 'fence':
    case 'code_block':
      return codeBlock(visible(token.content), token.info, tools);
    case 'image':
      return image(token, tools);
    default:
      return document.createTextNode(visible(token.content));
  }
}

/** A link that asks the extension to open it; an address of another kind stays text. */
function link(href: string, tools: Tools): HTMLElement {
  if (!isWebAddress(href) && !isFileReference(href)) return h('span', { class: 'refused-link', title: href });
  const open = (event: Event): void => {
    event.preventDefault();
    tools.onLink(href);
  };
  return h('a', { href: '#', 'data-href': href, title: href, onclick: open });
}

function image(token: Token, tools: Tools): Node {
  const href = token.attrGet('src') ?? '';
  const label = `${tools.imageLabel}: ${visible(token.content) || href.slice(0, 80)}`;
  const shown = link(href, tools);
  shown.append(label);
  return shown;
}

export function isWebAddress(href: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(href);
}

/** `src/a.py:12`, `file:///w/src/a.py#L12`: a place as citations name it; whether it is in the workspace is judged where it is opened. */
export function isFileReference(href: string): boolean {
  if (/^file:\/\/\/[^\s?]+$/i.test(href)) return true;
  return /^(?![a-z][a-z0-9+.-]*:(?!\d))[^\s\\]+\.[\w-]+(:\d+(-\d+)?)?(#L\d+)?$/i.test(href) && !href.startsWith('/') && !href.split('/').includes('..');
}

/** The text with its invisible characters shown as their code points. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);
}

function alignment(token: Token): string | null {
  const style = token.attrGet('style') ?? '';
  const match = /text-align:\s*(left|right|center)/.exec(style);
  return match ? `align-${match[1]}` : null;
}
