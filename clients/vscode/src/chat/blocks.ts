// What can be done with a block of code in a reply: put it at the cursor, run it in a terminal, or have the daemon apply it to
// its file.

import * as vscode from 'vscode';
import { showOutcome } from '../edits/actions';
import { showAgain } from '../edits/notebooks';
import type { Halley } from '../halley';
import { toWire } from '../wire';

/** In place of the selection, as one undo step. */
export async function insertBlock(editor: vscode.TextEditor | undefined, text: string): Promise<void> {
  if (!editor) {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: text }));
    return;
  }
  await editor.edit((edit) => edit.replace(editor.selection, text.replace(/\n$/, '')));
  await showAgain(editor);
}

/** In a terminal of its own: another may be in the middle of something. */
export function runInTerminal(text: string): void {
  const name = 'Halley';
  const terminal = vscode.window.terminals.find((open) => open.name === name && !open.exitStatus) ?? vscode.window.createTerminal(name);
  terminal.show(true);
  terminal.sendText(text);
}

export interface Block {
  text: string;
  language: string;
  file?: string;
}

/** The daemon finds the place, as for an action, and makes an edit or a proposal of it. */
export async function applyBlock(halley: Halley, editor: vscode.TextEditor | undefined, block: Block): Promise<void> {
  if (!editor) throw new Error(vscode.l10n.t('First open the file that the code belongs to.'));
  const ran = await halley.request('halley/chat/apply', {
    text: block.text,
    language: block.language,
    file: block.file,
    textDocument: { uri: editor.document.uri.toString(), version: editor.document.version },
    range: toWire(editor.selection),
  });
  await showOutcome(ran);
}

/** A web address goes to the browser, which asks first; `path:line` opens in the workspace. Anything else is refused. */
export async function openLink(href: string): Promise<void> {
  if (/^https?:\/\//i.test(href)) {
    await vscode.env.openExternal(vscode.Uri.parse(href, true));
    return;
  }
  const folder = vscode.workspace.workspaceFolders?.[0];
  const place = placeOf(href);
  if (!folder || !place) return;
  const uri = place.isAddress ? vscode.Uri.parse(place.path, true) : vscode.Uri.joinPath(folder.uri, place.path);
  if (uri.scheme !== folder.uri.scheme || !vscode.workspace.getWorkspaceFolder(uri)) return;
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(place.line, 0, place.last ?? place.line, 0) });
}

interface Place {
  path: string;
  isAddress: boolean;
  line: number;
  /** The line after the last, where a range is named. */
  last?: number;
}

/** `src/a.py:12-14`, `src/a.py#L12` or `file:///w/src/a.py#L12-14`, its line from 0; nothing that leads out of the workspace. */
export function placeOf(href: string): Place | undefined {
  const match = /^(file:\/\/\/[^#?]+?|[^:#?]+?)(?::(\d+)(?:-(\d+))?|#L(\d+)(?:-L?(\d+))?)?$/i.exec(href);
  if (!match) return undefined;
  const path = match[1]!;
  const isAddress = /^file:/i.test(path);
  if (decodeURIComponent(path).split(/[\\/]/).includes('..') || (!isAddress && path.startsWith('/'))) return undefined;
  const line = Math.max(0, Number(match[2] ?? match[4] ?? 1) - 1);
  const last = Number(match[3] ?? match[5] ?? 0);
  return { path, isAddress, line, ...(last > line ? { last } : {}) };
}
