// Proposals: changes that wait for approval. Shown in the files they are for (inline.ts), or side by side as a diff; accepted or
// discarded change by change where they are seen, from a list, or whole.

import * as vscode from 'vscode';
import { command, setContext } from '../commands';
import type { Halley } from '../halley';
import type { InlineChanges } from './inline';
import { CELL, nameOf } from './notebooks';
import type { Proposal, ProposalHunk } from '../protocol';
import { threadsShow } from './threads';
import { fromWire } from '../wire';

export function registerProposals(halley: Halley, inline: InlineChanges): vscode.Disposable[] {
  const pending = new Pending(halley, inline);
  const chosen = async (id?: unknown): Promise<Proposal | undefined> => pending.find(typeof id === 'string' ? id : (shownProposal() ?? pending.here())) ?? pending.pick();
  const settleAtCursor = async (verb: Verb): Promise<void> => {
    const at = inline.atCursor();
    if (at) await settle(pending, verb, at.proposal, at.change.hunks);
  };
  return [
    pending,
    vscode.languages.registerCodeLensProvider([{ scheme: 'file' }, { notebookType: '*' }], pending),
    vscode.window.tabGroups.onDidChangeTabs(() => setContext('proposalShown', shownProposal() !== undefined)),
    vscode.window.tabGroups.onDidChangeTabGroups(() => setContext('proposalShown', shownProposal() !== undefined)),
    command('showProposals', async () => {
      const proposal = await pending.pick();
      if (proposal) await showProposal(pending, proposal.id);
    }),
    command('showProposal', (id: string) => showProposal(pending, id)),
    command('openDiff', async (id?: unknown) => {
      const proposal = await chosen(id);
      if (proposal) await openDiff(proposal);
    }),
    command('acceptProposal', async (id?: unknown, hunks?: number[]) => {
      const proposal = await chosen(id);
      if (proposal) await settle(pending, 'accept', proposal, hunks);
    }),
    command('discardProposal', async (id?: unknown, hunks?: number[]) => {
      const proposal = await chosen(id);
      if (proposal) await settle(pending, 'discard', proposal, hunks);
    }),
    command('acceptChange', () => settleAtCursor('accept')),
    command('discardChange', () => settleAtCursor('discard')),
    command('reviewProposal', async (id?: unknown) => {
      const proposal = await chosen(id);
      if (proposal) await review(pending, proposal);
    }),
    command('chooseHunks', async (id?: unknown) => {
      const proposal = await chosen(id);
      if (proposal) await chooseHunks(pending, proposal);
    }),
  ];
}

/** What is pending is kept with the workspace: a window that is reloaded, or whose daemon restarts, has it again. */
const KEPT = 'halley.proposals';
const MOST_KEPT = 1_000_000;

type Verb = 'accept' | 'discard';

/** Shows a proposal where it is for. */
export async function openProposal(id: string): Promise<void> {
  await vscode.commands.executeCommand('halley.showProposal', id);
}

/** In the files themselves, the first in front; as a diff what cannot be seen there: files that are made, moved or removed, and
 * cells of notebooks. */
async function showProposal(pending: Pending, id: string): Promise<void> {
  await pending.load();
  const proposal = pending.find(id);
  if (!proposal) return;
  const edited = threadsShow() ? [...new Set(proposal.hunks.filter(({ range, uri }) => range && vscode.Uri.parse(uri).scheme !== CELL).map(({ uri }) => uri))] : [];
  const { files } = proposal;
  await openDiff({ ...proposal, files: files.filter(({ uri }) => !edited.includes(uri)) });
  for (const uri of edited.reverse()) {
    const editor = await vscode.window.showTextDocument(vscode.Uri.parse(uri), { preview: false, viewColumn: columnOf(uri) });
    if (!pending.inline.reveal(editor, id)) await openDiff({ ...proposal, files: files.filter((file) => file.uri === uri) });
  }
}

/** Where the file is open already. */
function columnOf(uri: string): vscode.ViewColumn | undefined {
  const wanted = vscode.Uri.parse(uri).toString();
  return vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === wanted)?.viewColumn;
}

async function openDiff(proposal: Proposal): Promise<void> {
  for (const { uri, proposed } of proposal.files) {
    const right = vscode.Uri.parse(proposed);
    const isNew = proposal.hunks.some((hunk) => hunk.uri === uri && hunk.kind === 'create');
    const left = vscode.Uri.parse(uri);
    const title = vscode.l10n.t('{0} (proposed)', nameOf(left));
    if (isNew) await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(right), { preview: false });
    else {
      if (left.scheme === CELL) await speakAs(left, right);
      await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: false });
    }
  }
  setContext('proposalShown', shownProposal() !== undefined);
  if (proposal.reason && proposal.files.length > 0) void vscode.window.showWarningMessage(proposal.reason);
}

/** Gives a proposal the language of its cell, which its name does not tell. */
async function speakAs(cell: vscode.Uri, proposed: vscode.Uri): Promise<void> {
  const [{ languageId }, document] = await Promise.all([vscode.workspace.openTextDocument(cell), vscode.workspace.openTextDocument(proposed)]);
  await vscode.languages.setTextDocumentLanguage(document, languageId);
}

async function settle(pending: Pending, verb: Verb, proposal: Proposal, hunks?: number[]): Promise<void> {
  await pending.halley.request(`halley/proposals/${verb}`, { id: proposal.id, ...(hunks ? { hunks } : {}) });
  await showWhatIsLeft(pending, proposal);
}

/** VS Code's own refactor preview, where each change is ticked or not. */
async function review(pending: Pending, proposal: Proposal): Promise<void> {
  const { applied } = await pending.halley.request('halley/proposals/accept', { id: proposal.id, confirm: true });
  if (applied) await showWhatIsLeft(pending, proposal);
}

// What is left of a proposal has another text; VS Code keeps the one it has read, so an open diff is opened again.
async function showWhatIsLeft(pending: Pending, { id }: Proposal): Promise<void> {
  await pending.load();
  const left = pending.find(id);
  const hadTabs = await closeTabs(id);
  const editor = vscode.window.activeTextEditor;
  if (left && hadTabs) await openDiff(left);
  else if (left && editor) pending.inline.reveal(editor, id);
}

/** A list with a box for each hunk; those ticked are accepted, the others stay proposed. */
async function chooseHunks(pending: Pending, proposal: Proposal): Promise<void> {
  const items = proposal.hunks.map((hunk) => ({ ...hunkText(hunk), picked: true, hunk }));
  const picked = await vscode.window.showQuickPick(items, {
    title: proposal.title,
    canPickMany: true,
    placeHolder: vscode.l10n.t('Tick the changes to accept; the others stay proposed'),
    matchOnDetail: true,
  });
  if (picked && picked.length > 0) await settle(pending, 'accept', proposal, picked.map(({ hunk }) => hunk.index));
}

/** How a hunk reads in a list. */
export function hunkText(hunk: ProposalHunk): { label: string; description: string; detail?: string } {
  const file = nameOf(vscode.Uri.parse(hunk.uri));
  if (hunk.kind !== 'edit') {
    const verbs = { create: vscode.l10n.t('Create'), rename: vscode.l10n.t('Rename'), delete: vscode.l10n.t('Delete') };
    return { label: `${verbs[hunk.kind]} ${file}`, description: '' };
  }
  const line = (hunk.range?.start.line ?? 0) + 1;
  const first = (text: string | null | undefined): string => (text ?? '').trim().split('\n')[0] ?? '';
  const [before, after] = [first(hunk.oldText), first(hunk.newText)];
  return { label: after || vscode.l10n.t('(removed)'), description: `${file}:${line}`, detail: before ? `− ${before}` : undefined };
}

/** The pending proposals as last heard of. Where threads are turned off, a lens for each of their hunks. */
class Pending implements vscode.CodeLensProvider, vscode.Disposable {
  private proposals: Proposal[] = [];
  /** Whether the running daemon has been given what the window had before. */
  private isRestored = false;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly listening: vscode.Disposable[];
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(
    readonly halley: Halley,
    readonly inline: InlineChanges,
  ) {
    this.listening = [halley.onChanged((what) => what === 'proposals' && void this.load()), halley.onState(({ kind }) => this.stateChanged(kind))];
  }

  async load(): Promise<void> {
    const isRunning = this.halley.state.kind === 'running';
    try {
      this.proposals = isRunning ? await this.list() : [];
    } catch (error) {
      this.halley.log.debug(`proposals: ${String(error)}`);
    }
    setContext('hasProposals', this.proposals.length > 0);
    this.inline.show(this.proposals);
    this.changed.fire();
  }

  private stateChanged(kind: string): void {
    if (kind !== 'running') this.isRestored = false;
    void this.load();
  }

  /** Those of the daemon; one that has just started is first given what the one before had. */
  private async list(): Promise<Proposal[]> {
    const { workspaceState } = this.halley.context;
    const kept = this.isRestored ? [] : workspaceState.get<Proposal[]>(KEPT, []);
    this.isRestored = true;
    const { proposals } = kept.length > 0 ? await this.halley.request('halley/proposals/restore', { proposals: kept }) : await this.halley.request('halley/proposals/list', {});
    await workspaceState.update(KEPT, JSON.stringify(proposals).length < MOST_KEPT ? proposals : []);
    return proposals;
  }

  find(id: string | undefined): Proposal | undefined {
    return this.proposals.find((proposal) => proposal.id === id);
  }

  /** The proposal at the cursor, else the first in the file that is shown. */
  here(): string | undefined {
    const editor = vscode.window.activeTextEditor;
    return (this.inline.atCursor() ?? (editor && this.inline.in(editor.document)[0]))?.proposal.id;
  }

  async pick(): Promise<Proposal | undefined> {
    await this.load();
    if (this.proposals.length <= 1) return this.proposals[0];
    const items = this.proposals.map((proposal) => ({
      label: proposal.title,
      description: proposal.files.map(({ uri }) => nameOf(vscode.Uri.parse(uri))).join(', '),
      detail: proposal.reason,
      proposal,
    }));
    return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Which proposal?') }))?.proposal;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (threadsShow()) return [];
    const uri = document.uri.toString();
    return this.proposals
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

/** Whether there were any. */
async function closeTabs(id: string): Promise<boolean> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => proposalOf(tab) === id);
  await vscode.window.tabGroups.close(tabs);
  return tabs.length > 0;
}
