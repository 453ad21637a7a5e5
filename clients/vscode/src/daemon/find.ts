// Where the daemon is: which program to start, by asking only the file system. Nothing is run here.

import * as path from 'node:path';

/** A way to start the daemon. `how` tells the user where it was found. */
export interface Program {
  command: string;
  args: string[];
  how: 'setting' | 'path' | 'tools' | 'workspace' | 'installed';
}

/** What the search needs to know of the machine; tests give their own. */
export interface Machine {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  home: string;
  isFile(file: string): boolean;
}

export interface Places {
  /** The setting `halley.path`. */
  setting: string;
  /** Folders of Python environments in the workspace, empty while it is not trusted. */
  environments: string[];
  /** The environment that this extension installs into. */
  installed: string;
}

export type Found = { program: Program } | { missing: 'setting'; path: string } | { missing: 'everywhere' };

/** The first place that has it. A setting that points nowhere is an error, not a reason to take another. */
export function findDaemon(places: Places, machine: Machine): Found {
  if (places.setting.trim()) {
    const file = expandHome(places.setting.trim(), machine);
    return machine.isFile(file) ? { program: { command: file, args: [], how: 'setting' } } : { missing: 'setting', path: file };
  }
  for (const [how, folders] of searched(places, machine)) {
    for (const folder of folders) {
      const command = path.join(folder, executable('halley', machine));
      if (machine.isFile(command)) return { program: { command, args: [], how } };
    }
  }
  return { missing: 'everywhere' };
}

/** The folders that are looked into, in order. */
export function searched(places: Places, machine: Machine): [Program['how'], string[]][] {
  return [
    ['path', pathFolders(machine)],
    ['tools', toolFolders(machine)],
    ['workspace', places.environments.map((folder) => scripts(folder, machine))],
    ['installed', [scripts(places.installed, machine)]],
  ];
}

/** Pythons worth trying to install with, as commands on the PATH. */
export function pythonNames(platform: NodeJS.Platform): string[] {
  const versions = ['3.14', '3.13', '3.12', '3.11'].map((version) => `python${version}`);
  return platform === 'win32' ? ['py', 'python', 'python3'] : ['python3', ...versions, 'python'];
}

/** The full path of a program on the PATH. */
export function which(name: string, machine: Machine): string | undefined {
  return pathFolders(machine)
    .map((folder) => path.join(folder, executable(name, machine)))
    .find((file) => machine.isFile(file));
}

/** The folder of an environment that holds its programs. */
export function scripts(environment: string, machine: Machine): string {
  return path.join(environment, machine.platform === 'win32' ? 'Scripts' : 'bin');
}

export function executable(name: string, machine: Machine): string {
  return machine.platform === 'win32' ? `${name}.exe` : name;
}

// A folder that is not absolute depends on where the editor was started: a workspace could put a program there.
function pathFolders({ env }: Machine): string[] {
  return (env.PATH ?? env.Path ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
}

function toolFolders({ env, home, platform }: Machine): string[] {
  const named = [env.UV_TOOL_BIN_DIR, env.PIPX_BIN_DIR, env.XDG_BIN_HOME].filter((folder): folder is string => !!folder && path.isAbsolute(folder));
  const usual = platform === 'darwin' ? ['.local/bin', 'Library/Python/bin'] : ['.local/bin'];
  return [...named, ...usual.map((folder) => path.join(home, folder))];
}

function expandHome(file: string, { home }: Machine): string {
  return /^~[\\/]/.test(file) ? path.join(home, file.slice(2)) : file;
}
