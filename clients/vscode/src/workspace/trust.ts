// A repository's own configuration: what it asks for is shown, and trusted in exactly that content. VS Code's workspace
// trust comes first; in a restricted workspace nothing of this is offered.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import type { TrustAsked } from '../protocol';

const TOLD = 'halley.trust.told';

export function registerTrust(halley: Halley): vscode.Disposable[] {
  const offer = (): void => void offerOnce(halley).catch((error: unknown) => halley.log.debug(`trust: ${String(error)}`));
  return [
    command('trustConfiguration', () => review(halley)),
    halley.onState(({ kind }) => kind === 'running' && offer()),
    halley.onChanged((what) => what === 'macros' && offer()), // which the files may have brought
    vscode.workspace.onDidGrantWorkspaceTrust(offer),
  ];
}

/** Says once for each content that something waits for approval. */
async function offerOnce(halley: Halley): Promise<void> {
  if (!vscode.workspace.isTrusted || !vscode.workspace.workspaceFolders?.length) return;
  const asked = await describe(halley);
  const { workspaceState } = halley.context;
  if (asked.trusted || asked.asks.length === 0 || workspaceState.get(TOLD) === asked.hash) return;
  await workspaceState.update(TOLD, asked.hash);
  const look = vscode.l10n.t('Look…');
  const picked = await vscode.window.showInformationMessage(vscode.l10n.t('This workspace has its own prompts and settings for Halley. They wait for your trust.'), look);
  if (picked === look) await review(halley);
}

async function review(halley: Halley): Promise<void> {
  if (!vscode.workspace.isTrusted) return vscode.commands.executeCommand('workbench.trust.manage');
  const asked = await describe(halley);
  if (asked.asks.length === 0 && !asked.trusted) {
    void vscode.window.showInformationMessage(vscode.l10n.t('This workspace asks for nothing.'));
    return;
  }
  const [trust, revoke] = [vscode.l10n.t('Trust Exactly This'), vscode.l10n.t('Revoke Trust')];
  const question = asked.trusted ? vscode.l10n.t('You trust what this workspace asks for.') : vscode.l10n.t('Trust what this workspace asks for?');
  const picked = await vscode.window.showWarningMessage(question, { modal: true, detail: trustText(asked) }, asked.trusted ? revoke : trust);
  const uri = folder();
  if (picked === trust) {
    await halley.request('halley/trust/grant', { hash: asked.hash, uri });
    void vscode.window.showInformationMessage(vscode.l10n.t('Trusted, until it changes.'));
  }
  if (picked === revoke) {
    await halley.request('halley/trust/revoke', { uri });
    void vscode.window.showInformationMessage(vscode.l10n.t('Nothing that this workspace asks for is used from now on.'));
  }
}

/** What is asked for and what is refused, a line each; files as they are called within the workspace. */
export function trustText({ root, files, asks, refused }: TrustAsked): string {
  const within = (text: string): string => text.replace(`${root}/`, '').replace(`${root}\\`, '');
  const list = (title: string, rows: string[]): string[] => (rows.length > 0 ? ['', title, ...rows.map((row) => `• ${within(row)}`)] : []);
  return [files.map(within).join(', '), ...list(vscode.l10n.t('It asks for:'), asks), ...list(vscode.l10n.t('It never gets:'), refused)].join('\n');
}

function describe(halley: Halley): Promise<TrustAsked> {
  return halley.request('halley/trust/describe', { uri: folder() });
}

function folder(): string | undefined {
  return (vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri)?.toString();
}
