// Pictures, speech, transcriptions and video. Each is a task of the daemon's that outlives the request that began it: it is
// followed here, and what comes of it is shown by VS Code's own previews and saved where the user says.

import * as vscode from 'vscode';
import { askForInstruction } from './edits/actions';
import { command } from './commands';
import { money } from './figures';
import type { Halley } from './halley';
import { problemText, showError, showProblem } from './problems';
import type { MediaResult, MediaStartParams, MediaTask } from './protocol';
import { toWire } from './wire';

type Kind = MediaTask['kind'];
type Place = Pick<MediaStartParams, 'textDocument' | 'range'>;

const ENDED = new Set<MediaTask['state']>(['choosing', 'complete', 'failed', 'cancelled']);

export function registerMedia(halley: Halley): vscode.Disposable[] {
  const make = (params: MediaStartParams): Promise<void> => begin(halley, params);
  const writeDown = async (kind: 'transcription' | 'translation', given: unknown): Promise<void> => {
    const source = await sourceOf(given, SOUNDS);
    if (source) await make({ kind, source, ...place() });
  };
  return [
    command('makePicture', async () => {
      const prompt = await askForInstruction(vscode.l10n.t('What should the picture show?'), selection());
      if (prompt) await make({ kind: 'image', prompt, ...place() });
    }),
    command('editPicture', async (given?: unknown) => {
      const source = await sourceOf(given, PICTURES);
      const prompt = source && (await askForInstruction(vscode.l10n.t('What should change in the picture?')));
      if (prompt) await make({ kind: 'imageEdit', prompt, source, ...place() });
    }),
    command('speak', async () => {
      const editor = vscode.window.activeTextEditor;
      const text = editor?.document.getText(editor.selection.isEmpty ? undefined : editor.selection);
      if (!text?.trim()) throw new Error(vscode.l10n.t('Open a file first.'));
      await make({ kind: 'speech', text, ...place() });
    }),
    command('transcribe', (given?: unknown) => writeDown('transcription', given)),
    command('translateSpeech', (given?: unknown) => writeDown('translation', given)),
    command('makeVideo', async () => {
      const prompt = await askForInstruction(vscode.l10n.t('What should the video show?'), selection());
      if (prompt) await make({ kind: 'video', prompt, ...place() });
    }),
    command('media', (task?: unknown) => (typeof task === 'string' ? halley.request('halley/media/get', { task }).then((found) => settle(halley, found)) : pickTask(halley))),
  ];
}

const PICTURES = ['png', 'jpg', 'jpeg', 'webp'];
const SOUNDS = ['mp3', 'wav', 'm4a', 'ogg', 'opus', 'flac', 'webm', 'mp4'];

/** The file that was clicked, else one that is asked for. */
async function sourceOf(given: unknown, extensions: string[]): Promise<string | undefined> {
  if (given instanceof vscode.Uri) return given.toString();
  const [file] = (await vscode.window.showOpenDialog({ filters: { [vscode.l10n.t('Files')]: extensions } })) ?? [];
  return file?.toString();
}

function selection(): string {
  const editor = vscode.window.activeTextEditor;
  return editor ? editor.document.getText(editor.selection).trim() : '';
}

/** Where a link to what is made may go. */
function place(): Place {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.document.uri.scheme !== 'file') return {};
  return { textDocument: { uri: editor.document.uri.toString(), version: editor.document.version }, range: toWire(editor.selection) };
}

async function begin(halley: Halley, params: MediaStartParams): Promise<void> {
  const task = await halley.request('halley/media/start', { ...params, wait: false });
  await follow(halley, task);
}

/** Waits for its end with a notification; stopping that ends the task. */
async function follow(halley: Halley, begun: MediaTask): Promise<void> {
  const title = `${kindName(begun.kind)}: ${begun.title}`;
  const ended = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
    token.onCancellationRequested(() => void halley.request('halley/media/cancel', { task: begun.task }).catch(showError));
    let before = 0;
    return untilEnded(halley, begun, (task) => {
      const now = Math.round((task.progress ?? 0) * 100);
      progress.report({ message: now > 0 ? `${now} %` : task.model ?? '', increment: now - before });
      before = now;
    });
  });
  await settle(halley, ended);
}

/** The daemon says when something changed; what, is asked of it. */
function untilEnded(halley: Halley, task: MediaTask, onStep: (task: MediaTask) => void): Promise<MediaTask> {
  if (ENDED.has(task.state)) return Promise.resolve(task);
  return new Promise((resolve, reject) => {
    const look = (): void => {
      halley.request('halley/media/get', { task: task.task }).then((now) => {
        onStep(now);
        if (!ENDED.has(now.state)) return;
        listening.dispose();
        resolve(now);
      }, fail);
    };
    const fail = (error: Error): void => {
      listening.dispose();
      reject(error);
    };
    const listening = vscode.Disposable.from(
      halley.onChanged((what) => what === 'media' && look()),
      // After a crash the daemon continues what it had begun.
      halley.onState(({ kind }) => kind === 'running' && look()),
    );
    look();
  });
}

/** Shows the results of a task, and what can be done with them. */
async function settle(halley: Halley, task: MediaTask): Promise<void> {
  if (!ENDED.has(task.state)) return follow(halley, task);
  if (task.state === 'cancelled') return;
  if (task.state === 'failed') {
    if (task.problem) await showProblem(task.problem);
    return;
  }
  if (task.state === 'choosing') return choose(halley, task);
  if (task.text != null) return showText(task.text);
  const result = await pickResult(task);
  if (!result) return;
  await show(result);
  const save = vscode.l10n.t('Save…');
  const another = vscode.l10n.t('Another variant…');
  const picked = await vscode.window.showInformationMessage(doneText(task), save, ...(task.choices ? [another] : []));
  if (picked === save) await saveResult(halley, task, result);
  if (picked === another) await choose(halley, task);
}

async function pickResult({ results = [] }: MediaTask): Promise<MediaResult | undefined> {
  if (results.length <= 1) return results[0];
  const rows = results.map((result) => ({ label: `${result.variant}. ${result.proposed}`, description: sizeText(result), picked: result.chosen === true, result }));
  const options = { title: vscode.l10n.t('Which one?'), onDidSelectItem: (row: (typeof rows)[number]) => void show(row.result) };
  return (await vscode.window.showQuickPick(rows, options))?.result;
}

/** One picture shows all variants; the chosen one is upscaled. */
async function choose(halley: Halley, task: MediaTask): Promise<void> {
  const [overview] = task.results ?? [];
  if (overview) await show(overview);
  const rows = Array.from({ length: task.choices ?? 0 }, (_, index) => ({ label: String(index + 1), variant: index + 1 }));
  const picked = await vscode.window.showQuickPick(rows, { title: vscode.l10n.t('Which variant should be upscaled?'), ignoreFocusOut: true });
  if (picked) await follow(halley, await halley.request('halley/media/choose', { task: task.task, variant: picked.variant }));
}

async function saveResult(halley: Halley, task: MediaTask, result: MediaResult): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!folder) throw new Error(vscode.l10n.t('Open a folder to save into first.'));
  const suffix = result.proposed.slice(result.proposed.lastIndexOf('.') + 1);
  const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(folder, result.proposed), filters: { [kindName(task.kind)]: [suffix] } });
  if (!target) return;
  // The dialog has asked already whether a file that is there may be replaced.
  const saved = await halley.request('halley/media/save', { task: task.task, variant: result.variant, path: target.toString(), overwrite: true });
  const text = saved.applied ? vscode.l10n.t('Saved as {0}, and linked.', saved.path) : vscode.l10n.t('Saved as {0}.', saved.path);
  void vscode.window.showInformationMessage(text);
}

async function pickTask(halley: Halley): Promise<void> {
  const { tasks } = await halley.request('halley/media/list', {});
  if (tasks.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('This workspace has no pictures, sound or video yet.'));
    return;
  }
  const REMOVE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('trash'), tooltip: vscode.l10n.t('Remove') };
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { task: MediaTask }>();
  pick.title = vscode.l10n.t('Pictures, sound and video');
  pick.items = tasks.map((task) => ({ ...taskText(task), buttons: [REMOVE], task }));
  pick.onDidTriggerItemButton(({ item }) => {
    pick.items = pick.items.filter((other) => other !== item);
    halley.request('halley/media/remove', { task: item.task.task }).catch(showError);
  });
  const chosen = await new Promise<MediaTask | undefined>((resolve) => {
    pick.onDidAccept(() => {
      resolve(pick.activeItems[0]?.task);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
  if (chosen) await settle(halley, chosen);
}

/** How a task reads in a list. */
export function taskText(task: MediaTask): vscode.QuickPickItem {
  const icons = { image: 'file-media', imageEdit: 'file-media', speech: 'unmute', transcription: 'note', translation: 'note', video: 'device-camera-video' };
  const states = {
    queued: vscode.l10n.t('waiting'),
    running: vscode.l10n.t('in progress'),
    choosing: vscode.l10n.t('waits for your choice'),
    complete: '',
    failed: task.problem ? problemText(task.problem) : vscode.l10n.t('failed'),
    cancelled: vscode.l10n.t('stopped'),
  };
  const detail = [kindName(task.kind), states[task.state], new Date(task.created).toLocaleString(), task.cost ? money(task.cost) : ''].filter(Boolean);
  return { label: `$(${icons[task.kind]}) ${task.title}`, description: task.model ?? undefined, detail: detail.join(' · ') };
}

function doneText(task: MediaTask): string {
  return [`${kindName(task.kind)}: ${task.title}`, task.cost ? money(task.cost) : '', ...(task.notices ?? [])].filter(Boolean).join(' · ');
}

function sizeText({ width, height, seconds }: MediaResult): string {
  return width && height ? `${width}×${height}` : seconds ? `${Math.round(seconds)} s` : '';
}

function kindName(kind: Kind): string {
  const names = {
    image: vscode.l10n.t('Picture'),
    imageEdit: vscode.l10n.t('Picture'),
    speech: vscode.l10n.t('Speech'),
    transcription: vscode.l10n.t('Transcription'),
    translation: vscode.l10n.t('Translation'),
    video: vscode.l10n.t('Video'),
  };
  return names[kind];
}

/** In VS Code's preview for its kind. */
async function show({ uri }: MediaResult): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.parse(uri), { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true });
}

async function showText(content: string): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'markdown', content }));
}
