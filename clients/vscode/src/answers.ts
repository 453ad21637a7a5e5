// Answers to read: documents of the `halley:` scheme, shown as a Markdown preview beside the code.

import * as vscode from 'vscode';

/** `halley:/answers/…` or `halley:/chats/…`. */
export function isMarkdownAnswer(uri: string): boolean {
  return /^halley:\/+(answers|chats)\//.test(uri);
}

/** The preview beside, without taking the focus from the code. */
export async function showMarkdown(uri: vscode.Uri): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
  if (editor) await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

/** window/showDocument: answers open as a preview, all else as the editor would. Whether it was taken care of. */
export function opensAsPreview(uri: string): boolean {
  return isMarkdownAnswer(uri);
}
