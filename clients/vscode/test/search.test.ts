import { describe, expect, it } from 'vitest';
import { taskText } from '../src/media';
import type { IndexStatus, MediaTask, SearchHit } from '../src/protocol';
import { estimateText, hitItem, indexChoices, indexText } from '../src/workspace/search';

const hit: SearchHit = { path: 'src/orders.py', uri: 'file:///w/src/orders.py', range: { start: { line: 11, character: 0 }, end: { line: 14, character: 0 } }, text: '\n    def total(self):\n        return 1\n', score: 1, how: 'both', symbol: 'Order.total' };
const estimate = { model: 'lab/embed', chunks: 1234, tokens: 250_000, cost: { amount: 0.005, currency: 'USD', source: 'estimated' as const } };

describe('a hit', () => {
  it('says what it is, where, and what found it', () => {
    expect(hitItem(hit)).toMatchObject({ label: '$(symbol-method) Order.total', description: 'src/orders.py:12–15', detail: 'def total(self):   (by words and meaning)', alwaysShow: true });
    expect(hitItem({ ...hit, symbol: null }).label).toBe('$(file) orders.py');
  });
});

describe('the index', () => {
  const actions = (status: IndexStatus): string[] => indexChoices(status).map(({ action }) => action);

  it('says how far it is', () => {
    expect(indexText({ state: 'indexing', indexed: 3, files: 9 })).toContain('3 of 9 files');
    expect(indexText({ state: 'ready', indexed: 9 })).toContain('by words');
    expect(indexText({ state: 'ready', indexed: 9, answering: 'lab/embed' })).toContain('meaning');
  });

  it('offers what can be done with it', () => {
    expect(actions({ state: 'ready' })).toEqual(['pause', 'rebuild']);
    expect(actions({ state: 'paused', paused: true })).toEqual(['resume', 'rebuild']);
    expect(actions({ state: 'off' })).toEqual([]);
    expect(actions({ state: 'ready', estimate })).toEqual(['embed', 'decline', 'pause', 'rebuild']);
  });

  it('says what embedding will take before it is agreed to', () => {
    for (const part of ['1.2k', '250k', '≈$0.005', 'lab/embed']) expect(estimateText(estimate)).toContain(part);
  });
});

describe('a task', () => {
  const task: MediaTask = { task: 't', kind: 'image', state: 'failed', title: 'A cat', prompt: 'A cat', created: '2026-01-02T03:04:05Z', updated: '2026-01-02T03:04:05Z' };

  it('says what it is and why it failed', () => {
    expect(taskText({ ...task, problem: { code: 'bad_reply', message: 'No picture came.', help: 'Ask again.' } })).toMatchObject({ label: '$(file-media) A cat', detail: expect.stringContaining('No picture came. Ask again.') as string });
    expect(taskText({ ...task, state: 'running', kind: 'video' }).detail).toContain('in progress');
    expect(taskText({ ...task, state: 'complete', kind: 'translation' }).detail).toMatch(/^Translation · /);
  });
});
