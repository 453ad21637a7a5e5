// Search in the workspace by words and by meaning: hits in a quick pick, each looked at while one goes through them. And
// its index: how far it is, pausing it, and what embedding will take. The daemon itself asks for that approval; here
// is where that can be answered later.

import * as vscode from 'vscode';
import { command } from '../commands';
import { compact, money } from '../figures';
import type { Halley } from '../halley';
import { isCancelled, problemOf, problemText } from '../problems';
import type { EmbedEstimate, IndexControlParams, IndexStatus, SearchHit } from '../protocol';
import { fromWire } from '../wire';

const PAUSE_MS = 250;

interface HitItem extends vscode.QuickPickItem {
  hit?: SearchHit;
}

export function registerSearch(halley: Halley): vscode.Disposable[] {
  const index = new IndexWatch(halley);
  return [
    index,
    command('searchWorkspace', (query?: unknown) => search(halley, typeof query === 'string' ? query : selectedText())),
    command('indexStatus', () => index.ask()),
  ];
}

function selectedText(): string {
  const editor = vscode.window.activeTextEditor;
  const text = editor?.document.getText(editor.selection) ?? '';
  return text.includes('\n') ? '' : text;
}

/** Escape goes back to where one was. */
async function search(halley: Halley, query: string): Promise<void> {
  const before = vscode.window.activeTextEditor;
  const place = before && { document: before.document, selection: before.selection, viewColumn: before.viewColumn };
  const hit = await askForHit(halley, query);
  if (hit) await showHit(hit, false);
  else if (place) await vscode.window.showTextDocument(place.document, { selection: place.selection, viewColumn: place.viewColumn });
}

function askForHit(halley: Halley, query: string): Promise<SearchHit | undefined> {
  const pick = vscode.window.createQuickPick<HitItem>();
  pick.title = vscode.l10n.t('Search the workspace');
  pick.placeholder = vscode.l10n.t('What are you looking for? In words, or by name');
  pick.value = query;
  let asked: vscode.CancellationTokenSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async (): Promise<void> => {
    asked?.cancel();
    const wanted = pick.value.trim();
    if (!wanted) {
      pick.items = [];
      return;
    }
    const source = (asked = new vscode.CancellationTokenSource());
    pick.busy = true;
    try {
      const uri = vscode.window.activeTextEditor?.document.uri.toString();
      const { hits, notices = [] } = await halley.request('halley/search', { query: wanted, limit: 50, uri }, source.token);
      if (source !== asked) return;
      pick.items = [...hits.map(hitItem), ...notices.map(noticeItem)];
      if (hits.length === 0) pick.items = [noticeItem(vscode.l10n.t('Nothing was found.')), ...notices.map(noticeItem)];
    } catch (error) {
      if (!isCancelled(error) && source === asked) pick.items = [noticeItem(problemText(problemOf(error)))];
    } finally {
      if (source === asked) pick.busy = false;
    }
  };
  return new Promise((resolve) => {
    pick.onDidChangeValue(() => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), PAUSE_MS);
    });
    pick.onDidChangeActive(([item]) => item?.hit && void showHit(item.hit, true));
    pick.onDidAccept(() => {
      const [item] = pick.activeItems;
      if (!item?.hit) return;
      resolve(item.hit);
      pick.hide();
    });
    pick.onDidHide(() => {
      clearTimeout(timer);
      asked?.cancel();
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
    void look();
  });
}

async function showHit({ uri, range }: SearchHit, isPreview: boolean): Promise<void> {
  try {
    const found = fromWire(range);
    const editor = await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: found, preserveFocus: isPreview, preview: isPreview });
    // The box covers the upper part of the editor: what was found is shown below it.
    if (isPreview) editor.revealRange(found, vscode.TextEditorRevealType.InCenter);
  } catch (error) {
    if (!isPreview) throw error;
  }
}

// What was found is judged by the daemon, so the quick pick must not sift it again by its letters: always shown.
export function hitItem(hit: SearchHit): HitItem {
  const { start, end } = hit.range;
  const lines = end.line > start.line ? `${start.line + 1}–${end.line + 1}` : String(start.line + 1);
  const ways = { lexical: vscode.l10n.t('by words'), vector: vscode.l10n.t('by meaning'), both: vscode.l10n.t('by words and meaning') };
  const first = hit.text.split('\n').find((line) => line.trim()) ?? '';
  return {
    label: hit.symbol ? `$(symbol-method) ${hit.symbol}` : `$(file) ${hit.path.slice(hit.path.lastIndexOf('/') + 1)}`,
    description: `${hit.path}:${lines}`,
    detail: `${first.trim().slice(0, 120)}   (${ways[hit.how]})`,
    alwaysShow: true,
    hit,
  };
}

function noticeItem(text: string): HitItem {
  return { label: `$(info) ${text}`, alwaysShow: true };
}

/** The index beside the language. */
class IndexWatch implements vscode.Disposable {
  private readonly item = vscode.languages.createLanguageStatusItem('halley.index', [{ scheme: 'file' }, { notebookType: '*' }]);
  private readonly listening: vscode.Disposable[];
  private status: IndexStatus | undefined;

  constructor(private readonly halley: Halley) {
    this.item.name = vscode.l10n.t('Search index');
    this.item.command = { title: vscode.l10n.t('Index…'), command: 'halley.indexStatus' };
    this.show();
    this.listening = [
      this.item,
      halley.onState(({ kind }) => kind === 'running' && void this.refresh()),
      halley.onChanged((what) => what === 'index' && void this.refresh()),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  async ask(): Promise<void> {
    const status = await this.load();
    const picked = await vscode.window.showQuickPick(indexChoices(status), { title: vscode.l10n.t('Search index'), placeHolder: indexText(status) });
    if (picked) await this.control(picked.action);
  }

  private async refresh(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.halley.log.debug(`index: ${String(error)}`);
    }
  }

  private async load(): Promise<IndexStatus> {
    const status = await this.halley.request('halley/index/status', {});
    this.status = status;
    this.show();
    return status;
  }

  private async control(action: IndexControlParams['action']): Promise<void> {
    this.status = await this.halley.request('halley/index/control', { action });
    this.show();
  }

  private show(): void {
    const { status, item } = this;
    item.text = status ? indexText(status) : vscode.l10n.t('Search index');
    item.detail = status?.problem ? problemText(status.problem) : undefined;
    item.busy = status?.state === 'indexing' || status?.state === 'embedding';
    item.severity = status?.state === 'failed' ? vscode.LanguageStatusSeverity.Warning : vscode.LanguageStatusSeverity.Information;
  }
}

/** What embedding will take, before approval. */
export function estimateText({ model, chunks, tokens, cost }: EmbedEstimate): string {
  return vscode.l10n.t('To search by meaning, {0} pieces of this workspace (about {1} tokens, {2}) would be sent to {3}.', compact(chunks), compact(tokens), money(cost), model);
}

export function indexText({ state, indexed = 0, files = 0, embedded = 0, chunks = 0, answering }: IndexStatus): string {
  switch (state) {
    case 'off':
      return vscode.l10n.t('Search index: off');
    case 'idle':
      return vscode.l10n.t('Search index: the first search builds it');
    case 'indexing':
      if (files === 0) return vscode.l10n.t('Search index: looking for files');
      return vscode.l10n.t('Search index: {0} of {1} files', indexed, files);
    case 'embedding':
      return vscode.l10n.t('Search index: {0} of {1} pieces embedded', embedded, chunks);
    case 'paused':
      return vscode.l10n.t('Search index: paused at {0} of {1} files', indexed, files);
    case 'failed':
      return vscode.l10n.t('Search index: failed');
    case 'ready':
      return answering ? vscode.l10n.t('Search index by words and meaning. Files: {0}', indexed) : vscode.l10n.t('Search index by words. Files: {0}', indexed);
  }
}

interface IndexChoice extends vscode.QuickPickItem {
  action: IndexControlParams['action'];
}

/** What can be done with it as it is. */
export function indexChoices(status: IndexStatus): IndexChoice[] {
  const choices: IndexChoice[] = [];
  if (status.estimate) {
    choices.push({ label: `$(sparkle) ${vscode.l10n.t('Embed, to search by meaning')}`, detail: estimateText(status.estimate), action: 'embed' });
    choices.push({ label: `$(circle-slash) ${vscode.l10n.t('Do not embed, and do not ask again')}`, action: 'decline' });
  }
  if (status.state === 'idle') return choices;
  if (status.paused) choices.push({ label: `$(play) ${vscode.l10n.t('Resume')}`, action: 'resume' });
  else if (status.state !== 'off') choices.push({ label: `$(debug-pause) ${vscode.l10n.t('Pause')}`, detail: vscode.l10n.t('In every window of this workspace, until it is resumed.'), action: 'pause' });
  if (status.state !== 'off') choices.push({ label: `$(refresh) ${vscode.l10n.t('Rebuild')}`, detail: vscode.l10n.t('Existing embeddings are reused.'), action: 'rebuild' });
  return choices;
}
