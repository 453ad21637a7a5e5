// The list of chats: search, open, rename, delete.

import type { ChatSummary } from '../protocol';
import { h, iconButton } from './dom';

export interface HistoryOut {
  list(query: string): void;
  open(chatId: string): void;
  rename(chatId: string, title: string): void;
  remove(chatId: string): void;
  close(): void;
}

export class HistoryView {
  readonly element: HTMLElement;
  private readonly search: HTMLInputElement;
  private readonly rows = h('ul', { class: 'chat-rows' });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly strings: Record<string, string>,
    private readonly out: HistoryOut,
  ) {
    this.search = h('input', { type: 'search', placeholder: strings.searchChats, 'aria-label': strings.searchChats, oninput: () => this.later() });
    this.element = h(
      'div',
      { class: 'history', role: 'dialog', 'aria-label': strings.chats, hidden: true, onkeydown: (event: KeyboardEvent) => this.key(event) },
      h('div', { class: 'history-head' }, this.search, iconButton('close', strings.close!, () => this.hide())),
      this.rows,
    );
  }

  show(): void {
    this.element.hidden = false;
    this.search.value = '';
    this.search.focus();
    this.out.list('');
  }

  hide(): void {
    this.element.hidden = true;
    this.out.close();
  }

  /** Reads the list again, while it is on screen. */
  refresh(): void {
    if (!this.element.hidden) this.later();
  }

  /** Those that wait for an approval come first. */
  setRows(all: ChatSummary[]): void {
    const chats = [...all].sort((one, other) => Number(other.state === 'asking') - Number(one.state === 'asking'));
    if (chats.length === 0) return this.rows.replaceChildren(h('li', { class: 'empty' }, this.strings.noChats));
    this.rows.replaceChildren(...chats.map((chat) => this.row(chat)));
  }

  private row(chat: ChatSummary): HTMLElement {
    const title = chat.title || this.strings.untitled!;
    const when = new Date(chat.updated).toLocaleString();
    const open = h('button', { type: 'button', class: 'chat-row', onclick: () => this.choose(chat.chatId) }, h('span', { class: 'chat-title' }, title), chat.state && h('span', { class: 'chat-state', 'data-state': chat.state }, this.strings[`tool-${chat.state}`]), h('span', { class: 'chat-when' }, chat.match ? `${when} · …${chat.match}…` : when));
    const row = h(
      'li',
      {},
      open,
      iconButton('edit', `${this.strings.rename!}: ${title}`, () => this.renaming(row, chat, title)),
      iconButton('trash', `${this.strings.delete!}: ${title}`, () => this.out.remove(chat.chatId)),
    );
    return row;
  }

  private renaming(row: HTMLElement, chat: ChatSummary, title: string): void {
    const input = h('input', { type: 'text', value: title, 'aria-label': this.strings.rename });
    const done = (): void => {
      if (input.value.trim()) this.out.rename(chat.chatId, input.value.trim());
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') done();
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.out.list(this.search.value);
      }
    });
    row.replaceChildren(input, iconButton('apply', this.strings.rename!, done));
    input.select();
  }

  private choose(chatId: string): void {
    this.element.hidden = true;
    this.out.open(chatId);
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.out.list(this.search.value.trim()), 150);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'Escape') return this.hide();
    const buttons = [...this.rows.querySelectorAll<HTMLElement>('.chat-row')];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'ArrowDown') buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
    else if (event.key === 'ArrowUp' && at > 0) buttons[at - 1]?.focus();
    else if (event.key === 'ArrowUp') this.search.focus();
    else return;
    event.preventDefault();
  }
}
