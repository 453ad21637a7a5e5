// The code that a chat is about: what the user is in, or was before the chat got the focus.

import * as vscode from 'vscode';
import { toWire } from '../wire';

export class Place implements vscode.Disposable {
  private last = vscode.window.activeTextEditor;
  private readonly listening = vscode.window.onDidChangeActiveTextEditor((editor) => (this.last = editor ?? this.last));

  get editor(): vscode.TextEditor | undefined {
    return vscode.window.activeTextEditor ?? (this.last && vscode.window.visibleTextEditors.find(({ document }) => document === this.last?.document));
  }

  /** As parameters of a request. */
  get params(): { textDocument?: { uri: string; version: number }; range?: ReturnType<typeof toWire> } {
    const { editor } = this;
    if (!editor) return {};
    return { textDocument: { uri: editor.document.uri.toString(), version: editor.document.version }, range: toWire(editor.selection) };
  }

  dispose(): void {
    this.listening.dispose();
  }
}
