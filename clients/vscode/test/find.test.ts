import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Crashes } from '../src/daemon/crashes';
import { environmentOf } from '../src/daemon/environments';
import { findDaemon, type Machine, type Places } from '../src/daemon/find';
import { adviceFor, bundled, downloadsIn, installWays, isNewEnough } from '../src/daemon/install';

const places: Places = { setting: '', environments: [], installed: '/state/daemon' };
const machine = (files: string[], env: Record<string, string> = {}): Machine => ({ platform: 'linux', env: { PATH: '/usr/bin', ...env }, home: '/home/me', isFile: (file) => files.includes(file) });
const EVERYWHERE = ['/usr/bin/halley', '/home/me/.local/bin/halley', '/w/.venv/bin/halley', '/state/daemon/bin/halley'];

describe('finding the daemon', () => {
  it.each([
    ['path', EVERYWHERE],
    ['tools', EVERYWHERE.slice(1)],
    ['workspace', EVERYWHERE.slice(2)],
    ['installed', EVERYWHERE.slice(3)],
  ])('looks in order: %s', (how, files) => {
    expect(findDaemon({ ...places, environments: ['/w/.venv'] }, machine(files))).toEqual({ program: { command: files[0], args: [], how } });
  });

  it('takes the setting, and no other when that is wrong', () => {
    expect(findDaemon({ ...places, setting: '~/bin/halley' }, machine(['/home/me/bin/halley']))).toMatchObject({ program: { how: 'setting' } });
    expect(findDaemon({ ...places, setting: '/nowhere/halley' }, machine(EVERYWHERE))).toEqual({ missing: 'setting', path: '/nowhere/halley' });
  });

  it('never looks into folders that depend on where the editor was started', () => {
    expect(findDaemon(places, machine(['bin/halley', './halley', 'halley'], { PATH: 'bin:.:' }))).toEqual({ missing: 'everywhere' });
  });

  it('knows where uv and pipx are configured to put programs', () => {
    expect(findDaemon(places, machine(['/tools/halley'], { UV_TOOL_BIN_DIR: '/tools' }))).toMatchObject({ program: { command: '/tools/halley' } });
  });

  it('finds the environment of an interpreter', () => {
    expect(environmentOf('/w/.venv/bin/python3.12')).toBe('/w/.venv');
    expect(environmentOf('/w/.venv')).toBe('/w/.venv');
  });
});

describe('installing', () => {
  const bundle = { wheel: '/x/halley.whl', lock: '/x/requirements.lock' };

  it('needs Python 3.11', () => {
    expect(['Python 3.10.4', 'Python 3.11.0', 'Python 3.14.1', 'Python 4.0.0', 'Python 2.7', ''].map(isNewEnough)).toEqual([false, true, true, true, false, false]);
  });

  it('offers what the machine has, the private folder first', () => {
    const ways = (files: string[], python?: string): string[] => installWays(bundle, '/state/daemon', python, machine(files)).map(({ id }) => id);
    expect(ways(['/usr/bin/uv', '/usr/bin/pipx'])).toEqual(['own', 'uv', 'pipx']);
    expect(ways([], '/usr/bin/python3')).toEqual(['own']);
    expect(ways([])).toEqual([]);
  });

  it('passes paths as arguments, whatever is in them', () => {
    const [way] = installWays({ wheel: '/x/a b;rm -rf $HOME.whl', lock: '/x/requirements.lock' }, '/state/my daemon', '/usr/bin/python3', machine([]));
    expect(way!.steps[0]!.args).toEqual(['-m', 'venv', '/state/my daemon']);
    expect(way!.steps.at(-1)!.args.at(-1)).toBe('/x/a b;rm -rf $HOME.whl');
  });

  it.each([
    [['/usr/bin/uv', '/usr/bin/pipx'], undefined],
    [['/usr/bin/pipx'], '/usr/bin/python3'],
    [[], '/usr/bin/python3'],
  ])('takes nothing that the lock file does not hold: %s', (files: string[], python?: string) => {
    for (const way of installWays(bundle, '/state/daemon', python, machine(files))) {
      const steps = way.steps.map(({ args }) => args);
      const checked = steps.filter((args) => args.includes('--require-hashes'));
      expect(checked.map((args) => args.slice(args.indexOf('-r')))).toEqual([['-r', bundle.lock]]);
      const others = steps.filter((args) => args.includes(bundle.wheel));
      expect(others).toHaveLength(1);
      expect(others[0]!.some((word) => ['--no-deps', '--offline', '--pip-args=--no-deps'].includes(word))).toBe(true);
    }
  });

  it('counts what pip and uv download', () => {
    expect(downloadsIn('Collecting a\n  Downloading a-1-py3-none-any.whl (1.5 MB)\n  Downloading b.whl (20 kB)\nUsing cached c.whl (9 MB)')).toEqual([1_500_000, 20_000]);
    expect(downloadsIn('Downloading tree-sitter (2.0MiB)\n Downloaded tree-sitter')).toEqual([2_097_152]);
  });

  it('takes no wheel without its lock file', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'halley-'));
    const wheels = path.join(folder, 'dist/wheel');
    fs.mkdirSync(wheels, { recursive: true });
    fs.writeFileSync(path.join(wheels, 'halley-1.whl'), '');
    expect(bundled(folder)).toBeUndefined();
    fs.writeFileSync(path.join(wheels, 'requirements.lock'), '');
    expect(bundled(folder)).toEqual({ wheel: path.join(wheels, 'halley-1.whl'), lock: path.join(wheels, 'requirements.lock') });
  });

  it.each([
    ['The virtual environment was not created successfully because ensurepip is not\navailable.  On Debian/Ubuntu systems, you need to install the python3-venv\npackage', /python3-venv/],
    ['/usr/bin/python3: No module named venv', /python3-venv/],
    ['error: No interpreter found for Python >=3.11 in managed installations or search path', /Python 3.11/],
    ['ERROR: Could not find a version that satisfies the requirement numpy<3,>=2 (from halley) (from versions: none)\nERROR: No matching distribution found for numpy<3,>=2', /HTTPS_PROXY/],
    ["error: Failed to fetch: `https://packages.example/simple/numpy/`\n  Caused by: error sending request for url\n  Caused by: dns error", /HTTPS_PROXY/],
    ['Because numpy was not found in the cache and halley depends on numpy, we can conclude that the requirements are unsatisfiable.', /HTTPS_PROXY/],
  ])('says what is missing: %s', (output, wanted) => {
    expect(adviceFor(output)).toMatch(wanted);
  });

  it('guesses nothing', () => {
    expect(adviceFor('Killed')).toBeUndefined();
  });
});

describe('crashes', () => {
  it('are forgiven four times in three minutes', () => {
    const crashes = new Crashes();
    expect([0, 1, 2, 3, 4].map((minute) => crashes.mayRestart(minute * 1000))).toEqual([true, true, true, true, false]);
  });

  it('are forgotten after that', () => {
    const crashes = new Crashes();
    for (let minute = 0; minute < 20; minute++) expect(crashes.mayRestart(minute * 60_000)).toBe(true);
  });
});
