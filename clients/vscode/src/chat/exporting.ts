// Exporting a chat: the daemon writes it as Markdown or JSON, the user says where it goes.

import * as vscode from 'vscode';
import type { Halley } from '../halley';

/** The chosen replies with their questions, and the sources they name; for the clipboard. */
export async function copyReplies(halley: Halley, chatId: string, replies: string[]): Promise<void> {
  const { content } = await halley.request('halley/chat/export', { chatId, replies, format: 'markdown', citations: true });
  await vscode.env.clipboard.writeText(String(content));
}

/** The whole chat, or only the chosen replies. */
export async function exportChat(halley: Halley, chatId: string, replies?: string[]): Promise<void> {
  const formats = [
    { label: 'Markdown', detail: vscode.l10n.t('To read and to share, with sources as footnotes'), format: 'markdown' as const, extension: 'md', citations: true },
    { label: 'Markdown', detail: vscode.l10n.t('Without sources'), format: 'markdown' as const, extension: 'md', citations: false },
    { label: 'JSON', detail: vscode.l10n.t('Everything, to import again'), format: 'json' as const, extension: 'json', citations: true },
  ];
  const picked = await vscode.window.showQuickPick(formats, { title: vscode.l10n.t('Export as') });
  if (!picked) return;
  const { format, citations } = picked;
  const { content } = await halley.request('halley/chat/export', { chatId, format, citations, replies });
  const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({ defaultUri: folder && vscode.Uri.joinPath(folder, `chat.${picked.extension}`), filters: { [picked.label]: [picked.extension] } });
  if (!target) return;
  await vscode.workspace.fs.writeFile(target, Buffer.from(text, 'utf8'));
  await vscode.window.showTextDocument(target);
}
