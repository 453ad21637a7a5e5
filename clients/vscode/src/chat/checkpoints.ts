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
