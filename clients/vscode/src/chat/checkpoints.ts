// What the turns of a chat changed, and reviewing it hunk by hunk: as a proposal, like any other change.

import * as vscode from 'vscode';
import { openProposal } from '../edits/proposals';
import type { Halley } from '../halley';
import type { Checkpoint } from '../protocol';

/** Those of a chat's turns; the ones of restores are only for taking them back. */
export async function turnCheckpoints(halley: Halley, chatId: string | undefined): Promise<Checkpoint[]> {
  if (!chatId) return [];
  const { checkpoints } = await halley.request('halley/checkpoints/list', { chatId });
  return checkpoints.filter(({ turnId }) => turnId !== '');
}

export async function reviewCheckpoint(halley: Halley, id: string, files?: string[]): Promise<void> {
  const { proposal } = await halley.request('halley/checkpoints/review', { id, files });
  if (proposal) return openProposal(proposal);
  void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is left to restore.'));
}

/** What is to become of files that the user changed since a turn that is sent again; undefined: it is not sent. */
export async function askAboutChanged(files: string[]): Promise<'keep' | 'restore' | undefined> {
  const [keep, restore] = [vscode.l10n.t('Keep Them'), vscode.l10n.t('Restore Them Anyway')];
  const detail = vscode.l10n.t('To restore them takes back what the agent did there. Your own changes stay where they do not overlap.');
  const answer = await vscode.window.showWarningMessage(vscode.l10n.t('You changed these files since: {0}', files.join(', ')), { modal: true, detail }, keep, restore);
  return answer === keep ? 'keep' : answer === restore ? 'restore' : undefined;
}
