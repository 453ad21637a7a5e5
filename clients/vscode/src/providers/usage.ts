// The usage view: what was spent, by day and by model, from the daemon's ledger.

import * as vscode from 'vscode';
import { buildPage, webviewOptions } from '../chat/page';
import { command } from '../commands';
import type { Halley } from '../halley';
import { problemOf, problemText } from '../problems';
import type { UsageReport } from '../protocol';

export type ToUsagePage =
  | { type: 'usage'; days: UsageReport; models: UsageReport; strings: Record<string, string> }
  | { type: 'failed'; text: string };
export type FromUsagePage = { type: 'ready' } | { type: 'range'; days: number };

export function registerUsage(halley: Halley): vscode.Disposable[] {
  const view = new UsageView(halley);
  return [
    vscode.window.registerWebviewViewProvider('halley.usage', view),
    halley.onState(({ kind }) => kind === 'running' && void view.refresh()),
    command('refreshUsage', () => view.refresh()),
    command('openUsage', async () => {
      await vscode.commands.executeCommand('halley.usage.focus');
      await view.refresh();
    }),
  ];
}

class UsageView implements vscode.WebviewViewProvider {
  private view: vscode.WebviewView | undefined;
  private days = 30;

  constructor(private readonly halley: Halley) {}

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = webviewOptions(this.halley.context.extensionUri);
    view.webview.onDidReceiveMessage((message: FromUsagePage) => {
      if (message.type === 'range') this.days = message.days;
      void this.refresh();
    });
    view.onDidDispose(() => (this.view = undefined));
    view.onDidChangeVisibility(() => view.visible && void this.refresh());
    view.webview.html = buildPage(view.webview, this.halley.context.extensionUri, 'usage', vscode.l10n.t('Usage'));
  }

  async refresh(): Promise<void> {
    if (!this.view) return;
    let message: ToUsagePage;
    try {
      const since = new Date(Date.now() - (this.days - 1) * 86_400_000).toISOString().slice(0, 10);
      const [days, models] = await Promise.all([
        this.halley.request('halley/usage', { since, by: ['day', 'model'] }),
        this.halley.request('halley/usage', { since, by: ['model'] }),
      ]);
      message = { type: 'usage', days, models, strings: strings(this.days) };
    } catch (error) {
      message = { type: 'failed', text: problemText(problemOf(error)) };
    }
    void this.view?.webview.postMessage(message);
  }
}

function strings(days: number): Record<string, string> {
  return {
    days: vscode.l10n.t('Last {0} days', days),
    range: vscode.l10n.t('Period'),
    week: vscode.l10n.t('7 days'),
    month: vscode.l10n.t('30 days'),
    quarter: vscode.l10n.t('90 days'),
    nothing: vscode.l10n.t('No usage yet.'),
    spent: vscode.l10n.t('Spent'),
    saved: vscode.l10n.t('Saved by caching'),
    calls: vscode.l10n.t('Calls'),
    failed: vscode.l10n.t('Failed'),
    model: vscode.l10n.t('Model'),
    tokens: vscode.l10n.t('Tokens'),
    cost: vscode.l10n.t('Cost'),
    problems: vscode.l10n.t('Problems'),
    ghost: vscode.l10n.t('Inline completion'),
    shown: vscode.l10n.t('Shown'),
    accepted: vscode.l10n.t('Accepted'),
    rate: vscode.l10n.t('Share'),
    quota: vscode.l10n.t('Quota'),
    of: vscode.l10n.t('of'),
    unknown: vscode.l10n.t('Some costs are unknown: no price is published for those models.'),
    chart: vscode.l10n.t('Cost by day'),
  };
}
