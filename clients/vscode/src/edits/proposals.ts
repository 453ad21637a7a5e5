// Proposals: changes that wait for approval. Shown as a diff, accepted or discarded whole from the diff's title, and hunk by
// hunk from a list or from lenses above each change in the file.

import * as vscode from 'vscode';
import { command, setContext } from '../commands';
import type { Halley } from '../halley';
import type { Proposal, ProposalHunk } from '../protocol';
import { fromWire } from '../wire';

export function registerProposals(halley: Halley): vscode.Disposable[] {
  const pending = new Pending(halley);
  const chosen = async (id?: unknown): Promise<Proposal | undefined> => pending.find(typeof id === 'string' ? id : shownProposal()) ?? pending.pick();
  return [
    pending,
    vscode.languages.registerCodeLensProvider({ scheme: 'file' }, pending),
    vscode.window.tabGroups.onDidChangeTabs(() => setContext('proposalShown', shownProposal() !== undefined)),
    vscode.window.tabGroups.onDidChangeTabGroups(() => setContext('proposalShown', shownProposal() !== undefined)),
    command('showProposals', async () => {
      const proposal = await pending.pick();
      if (proposal) await openProposal(halley, proposal.id);
    }),
    command('acceptProposal', async (id?: unknown, hunks?: number[]) => {
      const proposal = await chosen(id);
      if (proposal) await settle(halley, 'accept', proposal, hunks);
    }),
    command('discardProposal', async (id?: unknown, hunks?: number[]) => {
      const proposal = await chosen(id);
      if (proposal) await settle(halley, 'discard', proposal, hunks);
    }),
    command('reviewProposal', async (id?: unknown) => {
      const proposal = await chosen(id);
      if (proposal) await review(halley, proposal);
    }),
    command('chooseHunks', async (id?: unknown) => {
      const proposal = await chosen(id);
      if (proposal) await chooseHunks(halley, proposal);
    }),
  ];
}

/** Opens the diff of each file the proposal touches. */
export async function openProposal(halley: Halley, id: string): Promise<void> {
  const { proposals } = await halley.request('halley/proposals/list', {});
  const proposal = proposals.find((found) => found.id === id);
  if (!proposal) return;
  for (const { uri, proposed } of proposal.files) {
    const right = vscode.Uri.parse(proposed);
    const isNew = proposal.hunks.some((hunk) => hunk.uri === uri && hunk.kind === 'create');
    const title = vscode.l10n.t('{0} (proposed)', vscode.workspace.asRelativePath(vscode.Uri.parse(uri)));
    if (isNew) await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(right), { preview: false });
    else await vscode.commands.executeCommand('vscode.diff', vscode.Uri.parse(uri), right, title, { preview: false });
  }
  setContext('proposalShown', true);
  if (proposal.reason) void vscode.window.showWarningMessage(proposal.reason);
}

async function settle(halley: Halley, verb: 'accept' | 'discard', proposal: Proposal, hunks?: number[]): Promise<void> {
  await halley.request(`halley/proposals/${verb}`, { id: proposal.id, ...(hunks ? { hunks } : {}) });
  await showWhatIsLeft(halley, proposal);
}

/** VS Code's own refactor preview, where each change is ticked or not. */
async function review(halley: Halley, proposal: Proposal): Promise<void> {
  const { applied } = await halley.request('halley/proposals/accept', { id: proposal.id, confirm: true });
  if (applied) await showWhatIsLeft(halley, proposal);
}

async function showWhatIsLeft(halley: Halley, proposal: Proposal): Promise<void> {
  const { proposals } = await halley.request('halley/proposals/list', {});
  if (!proposals.some(({ id }) => id === proposal.id)) await closeTabs(proposal.id);
  else await refreshTabs(halley, proposal.id);
}

/** A list with a box for each hunk; those ticked are accepted, the others stay proposed. */
async function chooseHunks(halley: Halley, proposal: Proposal): Promise<void> {
  const items = proposal.hunks.map((hunk) => ({ ...hunkText(hunk), picked: true, hunk }));
  const picked = await vscode.window.showQuickPick(items, {
    title: proposal.title,
    canPickMany: true,
    placeHolder: vscode.l10n.t('Tick the changes to accept; the others stay proposed'),
    matchOnDetail: true,
  });
  if (picked && picked.length > 0) await settle(halley, 'accept', proposal, picked.map(({ hunk }) => hunk.index));
}

/** How a hunk reads in a list. */
export function hunkText(hunk: ProposalHunk): { label: string; description: string; detail?: string } {
  const file = vscode.workspace.asRelativePath(vscode.Uri.parse(hunk.uri));
  if (hunk.kind !== 'edit') {
    const verbs = { create: vscode.l10n.t('Create'), rename: vscode.l10n.t('Rename'), delete: vscode.l10n.t('Delete') };
    return { label: `${verbs[hunk.kind]} ${file}`, description: '' };
  }
  const line = (hunk.range?.start.line ?? 0) + 1;
  const first = (text: string | null | undefined): string => (text ?? '').trim().split('\n')[0] ?? '';
  const [before, after] = [first(hunk.oldText), first(hunk.newText)];
  return { label: after || vscode.l10n.t('(removed)'), description: `${file}:${line}`, detail: before ? `− ${before}` : undefined };
}

/** The pending proposals as last heard of, and a lens for each of their hunks. */
class Pending implements vscode.CodeLensProvider, vscode.Disposable {
  private proposals: Proposal[] = [];
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly listening: vscode.Disposable[];
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly halley: Halley) {
    this.listening = [halley.onChanged((what) => what === 'proposals' && void this.load()), halley.onState(() => void this.load())];
  }

  private async load(): Promise<void> {
    try {
      this.proposals = this.halley.state.kind === 'running' ? (await this.halley.request('halley/proposals/list', {})).proposals : [];
    } catch (error) {
      this.halley.log.debug(`proposals: ${String(error)}`);
    }
    setContext('hasProposals', this.proposals.length > 0);
    this.changed.fire();
  }

  find(id: string | undefined): Proposal | undefined {
    return this.proposals.find((proposal) => proposal.id === id);
  }

  async pick(): Promise<Proposal | undefined> {
    await this.load();
    if (this.proposals.length <= 1) return this.proposals[0];
    const items = this.proposals.map((proposal) => ({
      label: proposal.title,
      description: proposal.files.map(({ uri }) => vscode.workspace.asRelativePath(vscode.Uri.parse(uri))).join(', '),
      detail: proposal.reason,
      proposal,
    }));
    return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Which proposal?') }))?.proposal;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const uri = document.uri.toString();
    return this.proposals
      .filter(({ hunks }) => hunks.length > 1)
      .flatMap((proposal) => proposal.hunks.filter((hunk) => vscode.Uri.parse(hunk.uri).toString() === uri && hunk.range).flatMap((hunk) => hunkLenses(proposal, hunk)));
  }

  dispose(): void {
    vscode.Disposable.from(this.changed, ...this.listening).dispose();
  }
}

function hunkLenses(proposal: Proposal, hunk: ProposalHunk): vscode.CodeLens[] {
  const range = fromWire(hunk.range!);
  const lens = (title: string, id: string): vscode.CodeLens => new vscode.CodeLens(range, { title, command: `halley.${id}`, arguments: [proposal.id, [hunk.index]] });
  const place = `${hunk.index + 1}/${proposal.hunks.length}`;
  return [lens(vscode.l10n.t('$(check) Accept change {0}', place), 'acceptProposal'), lens(vscode.l10n.t('$(close) Discard change {0}', place), 'discardProposal')];
}

/** The id of the proposal in the active tab's diff. */
export function shownProposal(): string | undefined {
  return proposalOf(vscode.window.tabGroups.activeTabGroup.activeTab);
}

function proposalOf(tab: vscode.Tab | undefined): string | undefined {
  const input = tab?.input;
  const uri = input instanceof vscode.TabInputTextDiff ? input.modified : input instanceof vscode.TabInputText ? input.uri : undefined;
  return uri?.scheme === 'halley' ? /^\/proposals\/([^/]+)\//.exec(uri.path)?.[1] : undefined;
}

async function closeTabs(id: string): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => proposalOf(tab) === id);
  await vscode.window.tabGroups.close(tabs);
}

// What is left of a proposal has another text; VS Code keeps the one it has read, so the diff is opened again.
async function refreshTabs(halley: Halley, id: string): Promise<void> {
  await closeTabs(id);
  await openProposal(halley, id);
}
