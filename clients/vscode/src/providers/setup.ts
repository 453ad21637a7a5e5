// Setup and upkeep: install, restart, log, report, walkthrough, and the message when the daemon is missing.

import * as vscode from 'vscode';
import { command, setContext } from '../commands';
import { installedFolder, machine, type Daemon } from '../daemon/daemon';
import { bytes } from '../figures';
import { loadRoles } from './models';
import { bundled, findPython, installWays, runSteps, type Installing } from '../daemon/install';

/** Bytes of the packages in the lock file, as pip downloads and installs them (Linux, Python 3.11). */
const DOWNLOAD = 12e6;
const ON_DISK = 195e6;

const WELCOMED = 'halley.welcomed';
const WALKTHROUGH = 'halley.halley#start';

export function registerSetup(daemon: Daemon): vscode.Disposable[] {
  return [
    command('install', () => install(daemon)),
    command('restart', () => daemon.restart()),
    command('showLog', () => daemon.log.show(true)),
    command('walkthrough', () => openWalkthrough(daemon)),
    command('report', () => showReport(daemon)),
    command('openConfiguration', () => openConfiguration(daemon)),
    daemon.onState((state) => {
      if (state.kind === 'missing') void offerInstall(state.reason);
      if (state.kind === 'stopped') void offerRestart(state.reason);
    }),
    daemon.onStatus(() => {
      setContext('hasDaemon', true);
      void welcome(daemon);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => daemon.state.kind === 'missing' && daemon.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => (change.affectsConfiguration('halley.path') || change.affectsConfiguration('halley.sharedDaemon')) && daemon.restart()),
  ];
}

/** Steps that are done already are ticked when their context changes, so it changes now. */
async function openWalkthrough(daemon: Daemon): Promise<void> {
  setContext('hasDaemon', false);
  setContext('hasModel', false);
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH);
  markProgress(daemon);
}

function markProgress(daemon: Daemon): void {
  setContext('hasDaemon', daemon.state.kind === 'running');
  void loadRoles(daemon).then(({ chat }) => setContext('hasModel', chat !== undefined), () => undefined);
}

/** Once, for a user who has no model yet. */
async function welcome(daemon: Daemon): Promise<void> {
  const { globalState } = daemon.context;
  if (globalState.get(WELCOMED)) return;
  await globalState.update(WELCOMED, true);
  if ((await loadRoles(daemon)).chat) return;
  const [add, simulator, guide] = [vscode.l10n.t('Add Provider'), vscode.l10n.t('Try Without a Key'), vscode.l10n.t('Show Me Around')];
  const picked = await vscode.window.showInformationMessage(vscode.l10n.t('Halley is ready for a provider and its key.'), add, simulator, guide);
  if (picked === add) await vscode.commands.executeCommand('halley.addProvider');
  if (picked === simulator) await vscode.commands.executeCommand('halley.useSimulator');
  if (picked === guide) await vscode.commands.executeCommand('halley.walkthrough');
}

async function offerInstall(reason: string): Promise<void> {
  const [install_, settings] = [vscode.l10n.t('Install…'), vscode.l10n.t('Open Settings')];
  const picked = await vscode.window.showWarningMessage(reason, install_, settings);
  if (picked === install_) await vscode.commands.executeCommand('halley.install');
  if (picked === settings) await vscode.commands.executeCommand('workbench.action.openSettings', 'halley.path');
}

async function offerRestart(reason: string): Promise<void> {
  const [restart, log] = [vscode.l10n.t('Restart'), vscode.l10n.t('Show Log')];
  const picked = await vscode.window.showErrorMessage(vscode.l10n.t('Halley has stopped. {0}', reason), restart, log);
  if (picked === restart) await vscode.commands.executeCommand('halley.restart');
  if (picked === log) await vscode.commands.executeCommand('halley.showLog');
}

async function install(daemon: Daemon): Promise<void> {
  const bundle = bundled(daemon.context.extensionPath);
  if (!bundle) throw new Error(vscode.l10n.t('This build of the extension contains no daemon. Install the Python package halley and set halley.path.'));
  const python = await findPython(machine());
  const ways = installWays(bundle, installedFolder(daemon.context), python, machine());
  if (ways.length === 0) throw new Error(vscode.l10n.t('Neither uv nor Python 3.11 or newer was found. Install one of them and try again.'));
  const picked = await vscode.window.showQuickPick(ways, {
    title: vscode.l10n.t('Install the Halley daemon'),
    placeHolder: vscode.l10n.t('About {0} to download and {1} on disk; a minute or two', bytes(DOWNLOAD), bytes(ON_DISK)),
  });
  if (!picked) return;
  daemon.log.show(true);
  const began = Date.now();
  let came = 0;
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Installing Halley'), cancellable: true }, (progress, token) =>
    runSteps(picked.steps, (line) => daemon.log.info(line), token, (at) => {
      came = at.bytes;
      progress.report({ message: installingText(at) });
    }),
  );
  const seconds = Math.round((Date.now() - began) / 1000);
  const told = came > 0 ? vscode.l10n.t('Halley is installed: {0} downloaded, {1} s.', bytes(came), seconds) : vscode.l10n.t('Halley is installed, after {0} s.', seconds);
  vscode.window.setStatusBarMessage(told, 10_000);
  await daemon.restart();
}

/** `2 of 3: Downloading the packages it needs (37, 24 MB)`. */
function installingText({ step, of, what, packages, bytes: size }: Installing): string {
  const text = vscode.l10n.t('{0} of {1}: {2}', step, of, what);
  return packages > 0 ? `${text} (${packages}, ${bytes(size)})` : text;
}

async function showReport(daemon: Daemon): Promise<void> {
  const report = await daemon.request('halley/doctor', {});
  const content = JSON.stringify({ extension: String((daemon.context.extension.packageJSON as { version: string }).version), editor: vscode.version, foundBy: daemon.program?.how, ...report }, null, 2);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'json', content }));
}

async function openConfiguration(daemon: Daemon): Promise<void> {
  const { paths } = (await daemon.request('halley/doctor', {})) as { paths?: { config?: { path: string; exists: boolean } } };
  if (!paths?.config) throw new Error(vscode.l10n.t('The daemon did not say where its configuration is.'));
  const file = vscode.Uri.file(paths.config.path);
  await vscode.window.showTextDocument(paths.config.exists ? file : file.with({ scheme: 'untitled' }));
}
