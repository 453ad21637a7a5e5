// What can be done with a block of code in a reply: put it at the cursor, or have the daemon apply it to its file.

import * as vscode from 'vscode';
import { showOutcome, toWire } from '../actions';
import type { Halley } from '../halley';

/** In place of the selection, as one undo step. */
export async function insertBlock(editor: vscode.TextEditor | undefined, text: string): Promise<void> {
  if (!editor) {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: text }));
    return;
  }
  await editor.edit((edit) => edit.replace(editor.selection, text.replace(/\n$/, '')));
  await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

export interface Block {
  text: string;
  language: string;
  file?: string;
}

/** The daemon finds the place, as for an action, and makes an edit or a proposal of it. */
export async function applyBlock(halley: Halley, editor: vscode.TextEditor | undefined, block: Block): Promise<void> {
  if (!editor) throw new Error(vscode.l10n.t('Open the file first that the code belongs to.'));
  const ran = await halley.request('halley/chat/apply', {
    text: block.text,
    language: block.language,
    file: block.file,
    textDocument: { uri: editor.document.uri.toString(), version: editor.document.version },
    range: toWire(editor.selection),
  });
  await showOutcome(halley, ran);
}

/** A web address goes to the browser, which asks first; `path:line` opens in the workspace. Anything else is refused. */
export async function openLink(href: string): Promise<void> {
  if (/^https?:\/\//i.test(href)) {
    await vscode.env.openExternal(vscode.Uri.parse(href, true));
    return;
  }
  const match = /^([^:#]+?)(?::(\d+)(?:-\d+)?|#L(\d+))?$/.exec(href);
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!match || !folder || match[1]!.startsWith('/') || match[1]!.split('/').includes('..')) return;
  const uri = vscode.Uri.joinPath(folder.uri, match[1]!);
  const line = Math.max(0, Number(match[2] ?? match[3] ?? 1) - 1);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(line, 0, line, 0) });
}
