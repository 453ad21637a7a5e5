// How a next edit looks: an arrow in the gutter, what goes struck through, what comes after it; lines that come stand in a thread
// below, as a proposal's do. Where it is out of sight, a hint at the cursor's line.

import * as vscode from 'vscode';
import type { NextEdit } from '../protocol';
import { fromWire } from '../wire';
import { addedLines, REMOVED_BORDER } from './drawing';
import { partsOf, wholeLines, type LinePart } from './nextEditParts';
import type { LineThread, LineThreads } from './threads';

const ARROW = 'data:image/svg+xml;utf8,';
const arrow = (colour: string): vscode.Uri =>
  vscode.Uri.parse(`${ARROW}${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="none" stroke="${colour}" stroke-width="1.6" d="M2 8h11M9 4l4 4-4 4"/></svg>`)}`);

const GUTTER = vscode.window.createTextEditorDecorationType({
  light: { gutterIconPath: arrow('#005fb8') },
  dark: { gutterIconPath: arrow('#4daafc') },
  gutterIconSize: '80%',
  overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.addedForeground'),
});
// A background of its own would lie under the text that comes after it too.
const STRUCK = vscode.window.createTextEditorDecorationType({ textDecoration: 'line-through; background-color: var(--vscode-diffEditor-removedTextBackground)' });
const TAKEN = vscode.window.createTextEditorDecorationType({ isWholeLine: true, backgroundColor: new vscode.ThemeColor('diffEditor.removedLineBackground'), border: REMOVED_BORDER });
const ADDED = vscode.window.createTextEditorDecorationType({});
const HINT = vscode.window.createTextEditorDecorationType({});
const ALL = [GUTTER, STRUCK, TAKEN, ADDED, HINT];

export class NextEditLooks implements vscode.Disposable {
  private thread: { id: string; thread: LineThread } | undefined;

  constructor(private readonly threads: LineThreads) {}

  /** `document`: its own, where that is open. `from`: where a hint may say where it is. */
  draw(edit: NextEdit, document: vscode.TextDocument | undefined, from: vscode.TextEditor | undefined): void {
    for (const editor of vscode.window.visibleTextEditors) {
      clear(editor);
      if (editor.document === document) this.drawIn(editor, edit);
      if (editor === from && !isInView(edit, editor)) hint(editor, edit);
    }
  }

  clear(): void {
    vscode.window.visibleTextEditors.forEach(clear);
    this.thread?.thread.dispose();
    this.thread = undefined;
  }

  private drawIn(editor: vscode.TextEditor, edit: NextEdit): void {
    const { document } = editor;
    const { start, end } = fromWire(edit.range);
    const lines = Array.from({ length: end.line - start.line + 1 }, (_, index) => document.lineAt(start.line + index).text);
    const { before, after } = wholeLines(lines, start.character, end.character, edit.text);
    const parts = partsOf(before, after);
    editor.setDecorations(GUTTER, [new vscode.Range(start, start)]);
    if (parts) drawParts(editor, start.line, parts);
    else this.drawLines(editor, edit, before, after);
  }

  private drawLines(editor: vscode.TextEditor, edit: NextEdit, before: string[], after: string[]): void {
    const { document } = editor;
    const first = edit.range.start.line;
    const isInserted = edit.range.start.character === 0 && edit.range.end.character === 0 && edit.text.endsWith('\n');
    const taken = isInserted ? before.slice(0, -1) : before;
    if (taken.length > 0) editor.setDecorations(TAKEN, [new vscode.Range(first, 0, first + taken.length - 1, 0)]);
    if (this.thread?.id === edit.id) return;
    this.thread?.thread.dispose();
    const line = Math.max(0, first + taken.length - 1);
    const thread = this.threads.open(document.uri, new vscode.Range(line, 0, line, 0), vscode.l10n.t('Next edit'), 'nextEdit');
    const came = isInserted ? after.slice(0, -1) : after;
    thread.say(`−${taken.length} +${came.length}`, addedLines(came, document.languageId));
    this.thread = { id: edit.id, thread };
  }

  dispose(): void {
    this.clear();
    vscode.Disposable.from(...ALL).dispose();
  }
}

function clear(editor: vscode.TextEditor): void {
  for (const type of ALL) editor.setDecorations(type, []);
}

function drawParts(editor: vscode.TextEditor, first: number, parts: readonly LinePart[]): void {
  const rangeOf = ({ line, start, end }: LinePart): vscode.Range => new vscode.Range(first + line, start, first + line, end);
  editor.setDecorations(STRUCK, parts.filter(({ start, end }) => start < end).map(rangeOf));
  editor.setDecorations(ADDED, parts.filter(({ added }) => added !== '').map((part) => ({ range: new vscode.Range(rangeOf(part).end, rangeOf(part).end), renderOptions: { before: written(part.added) } })));
}

/** In high contrast nothing has a background: there the theme's border stands around what comes. */
const BORDERED = 'none; outline: 1px dashed var(--vscode-diffEditor-insertedTextBorder, transparent)';

/** Blanks at its ends would be drawn away. */
function written(text: string): vscode.ThemableDecorationAttachmentRenderOptions {
  return { contentText: text.replaceAll(' ', '\u00A0').replaceAll('\t', '\u00A0\u00A0\u00A0\u00A0'), backgroundColor: new vscode.ThemeColor('diffEditor.insertedTextBackground'), textDecoration: BORDERED };
}

function isInView(edit: NextEdit, editor: vscode.TextEditor): boolean {
  const { line } = edit.range.start;
  return vscode.Uri.parse(edit.uri).toString() === editor.document.uri.toString() && editor.visibleRanges.some(({ start, end }) => start.line <= line && line <= end.line);
}

function hint(editor: vscode.TextEditor, edit: NextEdit): void {
  const uri = vscode.Uri.parse(edit.uri);
  const line = edit.range.start.line + 1;
  const place = uri.toString() === editor.document.uri.toString() ? vscode.l10n.t('line {0}', line) : `${uri.path.split('/').at(-1)}:${line}`;
  const end = editor.document.lineAt(editor.selection.active.line).range.end;
  const after = { contentText: `\u00A0\u00A0→ ${place} (Tab)`, color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic' };
  editor.setDecorations(HINT, [{ range: new vscode.Range(end, end), renderOptions: { after } }]);
}
