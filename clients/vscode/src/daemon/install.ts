// Installing the daemon: the wheel that came with the extension, into an environment of the extension's own or as a tool
// of uv or pipx. What it depends on comes in the versions it was tested with, each checked against the hashes of the lock
// file beside the wheel. Programs are started without a shell; their output goes to the log.

import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { pythonNames, scripts, which, type Machine } from './find';
import { executable } from './find';

export interface Step {
  /** What it does, for the user. */
  what: string;
  command: string;
  args: string[];
}

export interface Way {
  id: 'uv' | 'pipx' | 'own';
  label: string;
  detail: string;
  steps: Step[];
}

const OLDEST = [3, 11] as const;

const ENVIRONMENT = (): string => vscode.l10n.t('Making an environment');
const PACKAGES = (): string => vscode.l10n.t('Downloading the packages it needs');
const DAEMON = (): string => vscode.l10n.t('Installing the daemon');

/** The wheel, and the lock file of what it depends on. */
export interface Bundle {
  wheel: string;
  lock: string;
}

/** The ways that are open on this machine, the best first. `python` is one new enough, where there is one. */
export function installWays({ wheel, lock }: Bundle, environment: string, python: string | undefined, machine: Machine): Way[] {
  const ways: Way[] = [];
  const uv = which('uv', machine);
  const own = (steps: Step[]): Way => ({
    id: 'own',
    label: vscode.l10n.t('For this editor only'),
    detail: vscode.l10n.t('Into a folder of the extension; removed with it.'),
    steps,
  });
  if (uv) {
    const locked = (folder: string): Step[] => [
      { what: ENVIRONMENT(), command: uv, args: ['venv', '--python', '>=3.11', '--allow-existing', folder] },
      { what: PACKAGES(), command: uv, args: ['pip', 'install', '--python', folder, '--require-hashes', '-r', lock] },
    ];
    ways.push(own([...locked(environment), { what: DAEMON(), command: uv, args: ['pip', 'install', '--python', environment, '--no-deps', '--reinstall-package', 'halley', wheel] }]));
    ways.push({
      id: 'uv',
      label: vscode.l10n.t('As a tool, with {0}', 'uv'),
      detail: vscode.l10n.t('The command `halley` is then available in terminals and to other editors.'),
      // Tools are installed without checking hashes. So the packages are checked on their way into uv's cache, and the
      // tool is made of that cache alone.
      steps: [...locked(`${environment}-check`), { what: DAEMON(), command: uv, args: ['tool', 'install', '--python', '>=3.11', '--offline', '--force', '--constraints', lock, wheel] }],
    });
  } else if (python) {
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check'];
    const inside = path.join(scripts(environment, machine), executable('python', machine));
    ways.push(
      own([
        { what: ENVIRONMENT(), command: python, args: ['-m', 'venv', environment] },
        { what: PACKAGES(), command: inside, args: [...pip, '--require-hashes', '-r', lock] },
        { what: DAEMON(), command: inside, args: [...pip, '--no-deps', '--force-reinstall', wheel] },
      ]),
    );
  }
  const pipx = which('pipx', machine);
  if (pipx) {
    ways.push({
      id: 'pipx',
      label: vscode.l10n.t('As a tool, with {0}', 'pipx'),
      detail: vscode.l10n.t('The command `halley` is then available in terminals and to other editors.'),
      steps: [
        { what: DAEMON(), command: pipx, args: ['install', '--force', '--pip-args=--no-deps', wheel] },
        { what: PACKAGES(), command: pipx, args: ['runpip', 'halley', 'install', '--require-hashes', '-r', lock] },
      ],
    });
  }
  return ways;
}

/** What is in the extension's folder: never a wheel without its lock file. */
export function bundled(extensionPath: string): Bundle | undefined {
  const folder = path.join(extensionPath, 'dist', 'wheel');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const name = names.filter((file) => file.endsWith('.whl')).sort().at(-1);
  const lock = path.join(folder, 'requirements.lock');
  return name && fs.existsSync(lock) ? { wheel: path.join(folder, name), lock } : undefined;
}

/** A Python on the PATH that is new enough, by asking each for its version. */
export async function findPython(machine: Machine): Promise<string | undefined> {
  for (const name of pythonNames(machine.platform)) {
    const command = which(name, machine);
    if (command && isNewEnough(await output({ command, args: ['--version'] }))) return command;
  }
  return undefined;
}

export function isNewEnough(versionLine: string): boolean {
  const match = /Python (\d+)\.(\d+)/.exec(versionLine);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** How far an installation is. */
export interface Installing {
  step: number;
  of: number;
  what: string;
  /** Packages and bytes downloaded so far, as far as the program says so. */
  packages: number;
  bytes: number;
}

/** Runs the steps one after another. Throws when one fails, naming the program and, where its output shows it, what to do. */
export async function runSteps(steps: Step[], log: (line: string) => void, token: vscode.CancellationToken, report: (at: Installing) => void = () => undefined): Promise<void> {
  let [packages, bytes] = [0, 0];
  for (const [index, step] of steps.entries()) {
    const tell = (): void => report({ step: index + 1, of: steps.length, what: step.what, packages, bytes });
    tell();
    log(`> ${[step.command, ...step.args].join(' ')}`);
    const said: string[] = [];
    const take = (text: string): void => {
      said.push(text);
      log(text);
      const found = downloadsIn(text);
      if (found.length === 0) return;
      packages += found.length;
      bytes += found.reduce((sum, size) => sum + size, 0);
      tell();
    };
    const code = await run(step, take, token);
    if (token.isCancellationRequested) throw new vscode.CancellationError();
    if (code === 0) continue;
    const failed = vscode.l10n.t('{0} failed (exit code {1}). The log has its output.', path.basename(step.command), code ?? '?');
    throw new Error([failed, adviceFor(said.join('\n'))].filter(Boolean).join(' '));
  }
}

const UNITS: Record<string, number> = { B: 1, kB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2 };

/** Bytes of each package whose download pip (`Downloading a.whl (1.2 MB)`) or uv (`Downloading a (1.2MiB)`) has begun. */
export function downloadsIn(output: string): number[] {
  return [...output.matchAll(/^\s*Downloading \S+ \(([\d.]+) ?(B|kB|KiB|MB|MiB)\)/gm)].map(([, size, unit]) => Math.round(Number(size) * UNITS[unit!]!));
}

/** What to do, by what pip, venv, uv or pipx said; undefined for what is not known. */
export function adviceFor(output: string): string | undefined {
  if (/ensurepip is not\s+available|No module named '?(ensurepip|venv|pip)\b/.test(output)) {
    return vscode.l10n.t('This Python lacks venv or pip. Install the package of your system for it (Debian, Ubuntu: python3-venv), or uv, and try again.');
  }
  if (/No interpreter found|No download found for request/.test(output)) return vscode.l10n.t('Install Python 3.11 or newer and try again.');
  if (/No matching distribution|Could not fetch URL|Max retries|Failed to fetch|error sending request|dns error|not found in the (cache|package registry)/i.test(output)) {
    return vscode.l10n.t('The daemon’s packages could not be downloaded. Behind a proxy or with a mirror of PyPI, set HTTPS_PROXY or PIP_INDEX_URL (for uv UV_DEFAULT_INDEX) where the editor is started, and try again.');
  }
  return undefined;
}

function run(step: Pick<Step, 'command' | 'args'>, log: (line: string) => void, token?: vscode.CancellationToken): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(step.command, step.args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    const stop = token?.onCancellationRequested(() => child.kill());
    const done = (code: number | null): void => {
      stop?.dispose();
      resolve(code);
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => log(data.toString('utf8').trimEnd()));
    child.on('error', (error) => {
      log(error.message);
      done(null);
    });
    child.on('close', done);
  });
}

async function output(step: Pick<Step, 'command' | 'args'>): Promise<string> {
  const lines: string[] = [];
  await run(step, (line) => lines.push(line));
  return lines.join('\n');
}
