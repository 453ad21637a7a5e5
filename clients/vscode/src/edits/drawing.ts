// How lines that come are drawn between the lines of a file: Markdown with coloured spans, which VS Code shows in a thread at the
// line. Everything that a model wrote is escaped here.

import { tokensOf, type CodeToken } from '../webview/tokens';

const COLOURS: Record<NonNullable<CodeToken['kind']>, string> = {
  comment: 'descriptionForeground',
  string: 'debugTokenExpression-string',
  number: 'debugTokenExpression-number',
  keyword: 'debugTokenExpression-name',
  call: 'symbolIcon-methodForeground',
  type: 'symbolIcon-classForeground',
};
// Themes of high contrast have borders instead of backgrounds; in others the variable is not set. A border would take room.
export const REMOVED_BORDER = '0; outline: 1px dashed var(--vscode-diffEditor-removedTextBorder, transparent); outline-offset: -1px';
const TINT = 'background-color:var(--vscode-diffEditor-insertedLineBackground);';

/** The lines tinted as added ones, all to the same width, so that they are one block. */
export function addedLines(lines: readonly string[], language: string): string {
  const shown = lines.map((line) => line.replaceAll('\t', '    '));
  const width = Math.max(...shown.map((line) => line.length)) + 1;
  const padded = shown.map((line) => line.padEnd(width)).join('\n');
  const spans = tokensOf(padded, language).flatMap(({ text, kind }) => spanOf(text, kind));
  return `<pre><code>${spans.join('')}</code></pre>`;
}

// A span per line: one over several would tint the line breaks too.
function spanOf(text: string, kind: CodeToken['kind']): string[] {
  const colour = kind ? `color:var(--vscode-${COLOURS[kind]});` : '';
  return text.split(/(\n)/).filter(Boolean).map((part) => (part === '\n' ? '\n' : `<span style="${colour}${TINT}">${escapeHtml(part)}</span>`));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, entity);
}

/** Text that is only text in Markdown too: a link in it would run one of our commands. */
export function plainText(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, entity);
}

function entity(char: string): string {
  return `&#${char.codePointAt(0)};`;
}

/** What a model has written so far, without the fences around its code; the last lines of it. */
export function writtenSoFar(text: string, most = 24): string[] {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => !line.startsWith('```'));
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.slice(-most);
}

/** `[$(check) Accept](command:halley.acceptProposal?…)` */
export function commandLink(text: string, id: string, args: unknown[]): string {
  return `[${text}](command:halley.${id}?${encodeURIComponent(JSON.stringify(args))})`;
}
