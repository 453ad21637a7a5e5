import { beforeEach, describe, expect, it } from 'vitest';
import { NO_MODEL, takeWay, waysOut } from '../src/chat/ways';
import type { Halley } from '../src/halley';
import type { Provider } from '../src/protocol';
import { useLocal } from '../src/providers/models';
import { ran } from './vscode';

const provider = (id: string, baseUrl: string, status: Provider['key']['status']): Provider => ({ id, label: id.toUpperCase(), baseUrl, key: { status } }) as Provider;
const PROVIDERS = [
  provider('ollama', 'http://127.0.0.1:11434/v1', 'notNeeded'),
  provider('simulator', 'http://127.0.0.1:11535/v1', 'notNeeded'),
  provider('comet', 'https://api.example/v1', 'missing'),
  provider('far', 'http://10.0.0.5:11434/v1', 'notNeeded'),
  provider('trick', 'http://127.0.0.1.evil.example/v1', 'notNeeded'),
];

/** Answers as given by method; what was requested is kept. */
function daemon(answers: Record<string, unknown>): Halley & { asked: [string, unknown][] } {
  const asked: [string, unknown][] = [];
  const request = (method: string, params: unknown): Promise<unknown> => {
    asked.push([method, params]);
    return Promise.resolve(answers[method]);
  };
  return { state: { kind: 'running' }, request, asked } as unknown as Halley & { asked: [string, unknown][] };
}

describe('what can be done without a model', () => {
  beforeEach(() => void ran.splice(0));
  const halley = daemon({ 'halley/providers/list': { providers: PROVIDERS } });

  it('is first to use a server that was found on this machine', async () => {
    const titles = (await waysOut(halley, NO_MODEL)).map(({ title }) => title);
    expect(titles.filter((title) => title.startsWith('Use '))).toEqual(['Use OLLAMA']);
    expect(titles[0]).toBe('Use OLLAMA');
    await takeWay(halley, NO_MODEL, 'Use OLLAMA');
    expect(ran).toEqual([['halley.useLocal', 'ollama']]);
  });

  it('takes the first of its models that can chat, for this workspace, and ends the simulator', async () => {
    const models = [{ id: 'ollama/nomic', roles: ['embed'] }, { id: 'ollama/qwen', roles: ['chat', 'edit'] }];
    const local = daemon({ 'halley/models/list': { models } });
    await useLocal(local, 'ollama');
    expect(ran).toEqual([['halley.endSimulator']]);
    expect(local.asked.at(-1)).toEqual(['halley/models/select', { role: 'chat', route: ['ollama/qwen'], scope: 'workspace' }]);
  });

  it('says so where the server has none', async () => {
    await expect(useLocal(daemon({ 'halley/models/list': { models: [] } }), 'ollama')).rejects.toThrow('Load one there');
    expect(ran).toEqual([]);
  });
});
