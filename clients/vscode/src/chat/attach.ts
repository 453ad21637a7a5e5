// Files that go with a question: pictures as data, files of the workspace as `#file:…`, which the daemon reads and judges.

import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Attachment } from '../wire';

const PICTURES: Record<string, string> = { '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.gif': 'image/gif', '.webp': 'image/webp' };
const LARGEST = 8 * 1024 * 1024;

export async function pickAttachments(): Promise<(Attachment | string)[]> {
  const uris = await vscode.window.showOpenDialog({ canSelectMany: true, openLabel: vscode.l10n.t('Attach') });
  return Promise.all((uris ?? []).map(attachmentOf));
}

/** A picture, or for another file of the workspace the variable that brings it in. Throws for what can be neither. */
export async function attachmentOf(uri: vscode.Uri): Promise<Attachment | string> {
  const name = path.posix.basename(uri.path);
  const type = PICTURES[path.posix.extname(uri.path).toLowerCase()];
  if (!type) return variable(uri, name);
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > LARGEST) {
    throw new Error(vscode.l10n.t('{0} is too large to attach.', name));
  }
  const bytes = await vscode.workspace.fs.readFile(uri);
  return { name, mime: type, data: Buffer.from(bytes).toString('base64') };
}

function variable(uri: vscode.Uri, name: string): string {
  if (!vscode.workspace.getWorkspaceFolder(uri)) throw new Error(vscode.l10n.t('{0} is not in this workspace. Open it and copy what matters.', name));
  const path = vscode.workspace.asRelativePath(uri, false);
  return path.includes(' ') ? `#file:"${path}" ` : `#file:${path} `;
}
