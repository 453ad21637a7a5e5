import { describe, expect, it } from 'vitest';
import { placeOf } from '../src/chat/blocks';
import { coloursOf, readRelaxed } from '../src/chat/colours';
import { modelItems, withFallback } from '../src/providers/models';
import { isCancelled, problemOf, remediesFor } from '../src/problems';
import { daemonSettings, explicitSettings } from '../src/settings';
import type { Model, Provider } from '../src/protocol';
import { positionAt, unitsOf } from '../src/webview/composer';
import { byDay, dayOf } from '../src/webview/days';
import { settings } from './vscode';

describe('settings', () => {
  it('are those the user has made, the most specific first', () => {
    settings['completion.debounceMs'] = { defaultValue: 150, globalValue: 200, workspaceValue: 300 };
    settings['completion.enabled'] = { defaultValue: true, globalValue: false };
    settings['edits.apply'] = { defaultValue: 'direct' };
    settings['budget.dailyUsd'] = { globalValue: null };
    expect(explicitSettings(Object.keys(settings))).toEqual({ completion: { debounceMs: 300, enabled: false } });
  });

  it('leave out the client’s own', () => {
    const manifest = { contributes: { configuration: [{ properties: { 'halley.path': {}, 'halley.trace.server': {} } }, { properties: { 'halley.edits.apply': {} } }] } };
    expect(daemonSettings(manifest)).toEqual(['edits.apply']);
  });
});

describe('problems', () => {
  const problem = { code: 'auth_failed', message: 'No.', help: 'Enter it again.', provider: 'lab' };

  it('are what the daemon said, or the error itself', () => {
    expect(problemOf(Object.assign(new Error('x'), { data: problem }))).toBe(problem);
    expect(problemOf(new Error('broken'))).toMatchObject({ code: 'internal', message: 'broken' });
    expect(problemOf('text')).toMatchObject({ message: 'text' });
  });

  it('are none when the user stopped it', () => {
    expect(isCancelled({ code: -32800 })).toBe(true);
    expect(isCancelled({ code: -32803, data: { ...problem, code: 'cancelled' } })).toBe(true);
    expect(isCancelled({ code: -32803, data: problem })).toBe(false);
    expect(isCancelled(undefined)).toBe(false);
  });

  it('come with a command that helps', () => {
    expect(remediesFor(problem)[0]).toMatchObject({ command: 'halley.setKey', arguments: ['lab'] });
    expect(remediesFor({ ...problem, code: 'invalid_input' })).toEqual([]);
    expect(remediesFor({ ...problem, code: 'something new' })[0]).toMatchObject({ command: 'halley.showLog' });
  });
});

describe('the model picker', () => {
  const model = (id: string, group: string): Model => ({ id, provider: 'lab', name: id, label: id.toUpperCase(), group, roles: ['chat'], capabilities: {} });
  const provider: Provider = { id: 'lab', label: 'Lab', kind: 'openai', baseUrl: 'https://a', key: { status: 'missing' } };
  const labels = (route: string[]): string[] => modelItems('chat', [model('lab/a', 'One'), model('lab/b', 'Two'), model('lab/c', 'One')], [provider], { route, scope: 'user', source: '' }).map(({ label }) => label);

  it('has the route first, then groups', () => {
    expect(labels(['lab/b']).slice(0, 5)).toEqual(['chosen now', '$(check) LAB/B', 'One', 'LAB/A', 'LAB/C']);
  });

  it('begins what is left with favourites and what was chosen lately', () => {
    const models = [model('lab/a', 'One'), { ...model('lab/b', 'Two'), recent: true }, { ...model('lab/c', 'One'), favourite: true, recent: true }];
    const items = modelItems('chat', models, [provider], undefined);
    expect(items.map(({ label }) => label).slice(0, 6)).toEqual(['favourites', 'LAB/C', 'chosen recently', 'LAB/B', 'One', 'LAB/A']);
  });

  it('keeps fallbacks in order and each model once', () => {
    expect(withFallback(['a', 'b'], 'c')).toEqual(['a', 'b', 'c']);
    expect(withFallback(['a', 'b'], 'a')).toEqual(['b', 'a']);
  });
});

describe('text positions', () => {
  it('count UTF-16 units where the protocol does, code points where completions do', () => {
    expect(positionAt('a\n😀b')).toEqual({ line: 1, character: 3 });
    expect(unitsOf('😀ab', 2)).toBe(3);
  });
});

describe('links to places', () => {
  it.each([
    ['src/a.py', { path: 'src/a.py', isAddress: false, line: 0 }],
    ['src/a.py:12-14', { path: 'src/a.py', isAddress: false, line: 11, last: 14 }],
    ['file:///w/a.py#L3-9', { path: 'file:///w/a.py', isAddress: true, line: 2, last: 9 }],
    ['src/a.py:12-3', { path: 'src/a.py', isAddress: false, line: 11 }],
    ['file:///w/a.py#L3', { path: 'file:///w/a.py', isAddress: true, line: 2 }],
    ['/etc/passwd', undefined],
    ['../a.py', undefined],
    ['file:///w/%2e%2e/etc/passwd', undefined],
    ['command:evil', undefined],
    ['vscode://evil/x', undefined],
  ])('%s', (href, place) => expect(placeOf(href)).toEqual(place));
});

describe('usage by day', () => {
  it('has a column for every day, spent or not', () => {
    const rows = [{ day: '2026-11-20', model: 'a', cost: [{ amount: 1, currency: 'USD' }] }, { day: '2026-11-20', model: 'b', cost: [] }];
    const days = byDay(rows, 'model', 3, new Date('2026-11-21T12:00:00Z'), true);
    expect(days.map(({ day, total }) => [day, total])).toEqual([['2026-11-19', 0], ['2026-11-20', 1], ['2026-11-21', 0]]);
  });

  it('is by person too, and calls outside every workspace have a place', () => {
    const cost = [{ amount: 1, currency: 'USD' }];
    const rows = [{ day: '2026-11-20', member: 'ann', workspace: '', cost }];
    const on = new Date('2026-11-20T12:00:00Z');
    expect(byDay(rows, 'member', 1, on, true)[0]!.parts).toEqual([['ann', 1]]);
    expect(byDay(rows, 'workspace', 1, on, true)[0]!.parts).toEqual([['–', 1]]);
  });

  it('has the days of this machine, and for a team those of UTC', () => {
    const late = new Date(2026, 10, 21, 23, 59);
    expect(dayOf(late, 0, false)).toBe('2026-11-21');
    expect(dayOf(new Date(2026, 10, 21, 0, 1), 1, false)).toBe('2026-11-20');
    expect(dayOf(new Date('2026-11-21T23:59:00Z'), 21, true)).toBe('2026-10-31');
  });
});

describe('the colours of a theme', () => {
  it('are those of its rules: the longer scope, then the later rule', () => {
    const rules = [
      { settings: { foreground: '#111111' } },
      { scope: 'keyword', settings: { foreground: '#222222' } },
      { scope: ['keyword.control', 'storage'], settings: { foreground: '#333333' } },
      { scope: 'string, comment', settings: { foreground: '#444444' } },
      { scope: 'comment', settings: { foreground: '#555555' } },
      { scope: 'constant.numeric', settings: { foreground: 'red; background: url(x)' } },
      { scope: 'source.js entity.name.function', settings: { foreground: '#666666' } },
    ];
    expect(coloursOf(rules)).toEqual({ keyword: '#333333', string: '#444444', comment: '#555555' });
  });

  it('are read from JSON with comments and commas', () => {
    expect(readRelaxed('{ // one\n "a//b": [1, 2,], /* two */ "c": "x,]", }')).toEqual({ 'a//b': [1, 2], c: 'x,]' });
  });
});
