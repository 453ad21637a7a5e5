// A block of code: its language, the code in colours, and copy, insert, apply; commands for a shell run in a terminal instead.

import { h, icon } from './dom';
import { highlight } from './highlight';

export interface CodeTools {
  labels: { copy: string; insert: string; apply: string; run: string; copied: string; code: string };
  onCopy(text: string): void;
  onInsert(text: string, language: string): void;
  onRun(command: string): void;
  onApply(text: string, language: string, file: string | undefined, from: HTMLElement): void;
}

/** `info` is what stands after the fence: a language, and a file where the model names one. */
export function codeBlock(text: string, info: string, tools: CodeTools): HTMLElement {
  const { language, file } = readInfo(info);
  const code = h('code', { class: 'hl' });
  code.append(...highlight(text, language));
  const tool = (name: 'copy' | 'insert' | 'apply' | 'run', run: () => void): HTMLElement =>
    h('button', { type: 'button', class: 'code-tool', title: tools.labels[name], onclick: run }, icon(name), h('span', {}, tools.labels[name]));
  const command = file ? '' : commandOf(text, language);
  const use = command ? tool('run', () => tools.onRun(command)) : tool('apply', () => tools.onApply(text, language, file, block));
  const block = h(
    'div',
    { class: 'code-block' },
    h('div', { class: 'code-head' }, h('span', { class: 'code-language' }, [language, file].filter(Boolean).join(' · ')), tool('copy', () => tools.onCopy(text)), tool('insert', () => tools.onInsert(text, language)), use),
    // A scrolling region must be reachable by keyboard.
    h('pre', { tabindex: 0, role: 'region', 'aria-label': [tools.labels.code, language].filter(Boolean).join(': ') }, code),
  );
  return block;
}

/** `python src/a.py`, `python title="a.py"`, `src/a.py`. */
export function readInfo(info: string): { language: string; file?: string } {
  const [first = '', ...rest] = info.trim().split(/\s+/);
  const named = /(?:file|path|title|filename)=["']?([^"'\s]+)/.exec(info)?.[1] ?? rest.find((word) => /^[\w./-]+\.\w+$/.test(word));
  if (/^[\w./-]+\.\w+$/.test(first) && first.includes('.')) return { language: extensionLanguage(first), file: first };
  return { language: first.toLowerCase().replace(/[^a-z0-9+#-]/g, ''), file: named };
}

const SHELLS: ReadonlySet<string> = new Set(['bash', 'sh', 'shell', 'zsh', 'fish', 'powershell', 'pwsh', 'ps1', 'cmd', 'bat']);
/** Sessions: commands after a prompt, and what they print. */
const SESSIONS: ReadonlySet<string> = new Set(['console', 'shellsession', 'shell-session', 'terminal']);
const PROMPT = /^(?:\$|%|>|PS [^>]*>) /;

/** What of a block can be run in a terminal; empty for code of another kind. */
export function commandOf(text: string, language: string): string {
  const lines = text.trim().split('\n');
  const prompted = lines.filter((line) => PROMPT.test(line)).map((line) => line.replace(PROMPT, ''));
  if (SESSIONS.has(language) || (SHELLS.has(language) && prompted.length === lines.length)) return prompted.join('\n');
  return SHELLS.has(language) && !text.startsWith('#!') ? text.trim() : '';
}

function extensionLanguage(file: string): string {
  return file.slice(file.lastIndexOf('.') + 1).toLowerCase();
}
