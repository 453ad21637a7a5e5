// The usage view: what was spent, by day and by model, workspace or feature, from the daemon's ledger; and by person of a team.

import * as vscode from 'vscode';
import { buildPage, webviewOptions } from '../chat/page';
import { command } from '../commands';
import type { Halley } from '../halley';
import { problemOf, problemText } from '../problems';
import type { UsageReport } from '../protocol';
import { dayOf } from '../webview/days';

export type Dimension = 'model' | 'member' | 'workspace' | 'feature';
/** What the view shows: so many days, of this user's calls or of the team's, summed up by this. */
export interface Choice {
  days: number;
  team: boolean;
  by: Dimension;
}
export type ToUsagePage =
  | { type: 'usage'; choice: Choice; days: UsageReport; sums: UsageReport; strings: Record<string, string> }
  | { type: 'failed'; choice: Choice; text: string; strings: Record<string, string> };
export type FromUsagePage = { type: 'ready' } | ({ type: 'choose' } & Choice);

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
  private choice: Choice = { days: 30, team: false, by: 'model' };

  constructor(private readonly halley: Halley) {}

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = webviewOptions(this.halley.context.extensionUri);
    view.webview.onDidReceiveMessage((message: FromUsagePage) => {
      if (message.type === 'choose') this.choice = { days: message.days, team: message.team, by: !message.team && message.by === 'member' ? 'model' : message.by };
      void this.refresh();
    });
    view.onDidDispose(() => (this.view = undefined));
    view.onDidChangeVisibility(() => view.visible && void this.refresh());
    view.webview.html = buildPage(view.webview, this.halley.context.extensionUri, 'usage', vscode.l10n.t('Usage'));
  }

  async refresh(): Promise<void> {
    if (!this.view) return;
    const choice = this.choice;
    const { days, team, by } = choice;
    let message: ToUsagePage;
    try {
      const since = dayOf(new Date(), days - 1, team);
      const [daily, sums] = await Promise.all([
        this.halley.request('halley/usage', { since, by: ['day', by], team }),
        this.halley.request('halley/usage', { since, by: [by], team }),
      ]);
      message = { type: 'usage', choice, days: daily, sums, strings: strings(days) };
    } catch (error) {
      message = { type: 'failed', choice, text: problemText(problemOf(error)), strings: strings(days) };
    }
    // Another may have been chosen while the team's database was waited for.
    if (choice === this.choice) void this.view?.webview.postMessage(message);
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
    whose: vscode.l10n.t('Whose usage'),
    mine: vscode.l10n.t('Mine'),
    team: vscode.l10n.t('Team'),
    by: vscode.l10n.t('Group by'),
    model: vscode.l10n.t('Model'),
    member: vscode.l10n.t('Person'),
    workspace: vscode.l10n.t('Workspace'),
    feature: vscode.l10n.t('Feature'),
    tokens: vscode.l10n.t('Tokens'),
    cost: vscode.l10n.t('Cost'),
    problems: vscode.l10n.t('Problems'),
    ghost: vscode.l10n.t('Inline completion'),
    shown: vscode.l10n.t('Shown'),
    accepted: vscode.l10n.t('Accepted'),
    rate: vscode.l10n.t('Share'),
    quota: vscode.l10n.t('Quota'),
    of: vscode.l10n.t('of'),
    resets: vscode.l10n.t('resets'),
    unknown: vscode.l10n.t('Some costs are unknown: no price is published for those models.'),
    chart: vscode.l10n.t('Cost by day'),
  };
}
