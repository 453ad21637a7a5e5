// Answers to read: documents of the `halley:` scheme, shown as a Markdown preview beside the code.

import * as vscode from 'vscode';

/** `halley:/answers/…` or `halley:/chats/…`. */
export function isMarkdownAnswer(uri: string): boolean {
  return /^halley:\/+(answers|chats)\//.test(uri);
}

/** The preview beside, without taking the focus from the code. */
export async function showMarkdown(uri: vscode.Uri): Promise<void> {
  const options: vscode.TextDocumentShowOptions = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true };
  await vscode.commands.executeCommand('vscode.openWith', uri, 'vscode.markdown.preview.editor', options);
}

/** window/showDocument: answers open as a preview, all else as the editor would. Whether it was taken care of. */
export function opensAsPreview(uri: string): boolean {
  return isMarkdownAnswer(uri);
}
