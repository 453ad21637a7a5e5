// Trying without a key: starts the daemon's own simulator on this machine and chooses its models, both for this window only.
// It ends with the window, and as soon as a provider is added or another model is picked; no file ever knows of it.

import { spawn, type ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';

const ID = 'simulator';
const START_MS = 20_000;
const ROLES = ['chat', 'complete'] as const;

export function registerSimulator(halley: Halley): vscode.Disposable[] {
  let child: ChildProcess | undefined;
  const stop = (): void => {
    child?.kill();
    child = undefined;
    delete halley.temporaryProviders[ID];
  };
  return [
    { dispose: stop },
    command('useSimulator', async () => {
      if (!halley.program) throw new Error(vscode.l10n.t('Halley is not running.'));
      stop();
      child = spawn(halley.program.command, [...halley.program.args, 'simulator', '--any-key', '--tokens-per-s', '60'], { stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
      const baseUrl = await firstLine(child);
      halley.temporaryProviders[ID] = { baseUrl };
      await halley.sendSettings();
      await untilKnown(halley, baseUrl);
      await chooseModels(halley);
      void vscode.window.showInformationMessage(vscode.l10n.t('The simulator answers until you add a provider.'));
    }),
    command('endSimulator', async () => {
      if (!child) return;
      stop();
      for (const role of ROLES) await vscode.commands.executeCommand('halley.selectForSession', role, []);
      await halley.sendSettings();
    }),
  ];
}

/** The daemon asks for the settings when it gets to it. */
async function untilKnown(halley: Halley, baseUrl: string): Promise<void> {
  for (const end = Date.now() + START_MS; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { providers } = await halley.request('halley/providers/list', {});
    if (providers.some((provider) => provider.id === ID && provider.baseUrl === baseUrl)) return;
  }
  throw new Error(vscode.l10n.t('The simulator did not start.'));
}

async function chooseModels(halley: Halley): Promise<void> {
  const { models } = await halley.request('halley/models/list', { provider: ID, refresh: true });
  for (const role of ROLES) {
    const model = models.find(({ roles }) => roles.includes(role)) ?? models[0];
    if (!model) throw new Error(vscode.l10n.t('The simulator offers no model.'));
    await vscode.commands.executeCommand('halley.selectForSession', role, [model.id]);
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (): void => reject(new Error(vscode.l10n.t('The simulator did not start.')));
    const timer = setTimeout(fail, START_MS);
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString('utf8');
      const end = text.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      resolve(text.slice(0, end).trim());
    });
    child.on('error', fail);
    child.on('exit', fail);
  });
}
