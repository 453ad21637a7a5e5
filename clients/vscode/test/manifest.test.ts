// What the manifest, the sources and the translations say of each other.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const json = (file: string): Record<string, string> => JSON.parse(read(file)) as Record<string, string>;
const sources = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => read(`src/${file}`));
const manifest = read('package.json');

/** Every string passed to `l10n.t`, as the source has it. */
function spoken(): string[] {
  const found = sources.flatMap((text) => [...text.matchAll(/l10n\.t\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)].map((match) => (match[1] ?? match[2]!).replace(/\\(.)/g, (_whole, char: string) => (char === 'n' ? '\n' : char))));
  return [...new Set(found)].sort();
}

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\d+\}/g) ?? [])].sort();

describe('translations', () => {
  it('have every message, in Spanish too', () => {
    const spanish = json('l10n/bundle.l10n.es.json');
    expect(spoken().filter((text) => !spanish[text])).toEqual([]);
    expect(Object.keys(spanish).filter((text) => !spoken().includes(text))).toEqual([]);
  });

  it('keep the places for values', () => {
    for (const [english, spanish] of Object.entries(json('l10n/bundle.l10n.es.json'))) expect([english, placeholders(spanish)]).toEqual([english, placeholders(english)]);
  });

  it('have every name of the manifest in both languages', () => {
    const [english, spanish] = [json('package.nls.json'), json('package.nls.es.json')];
    const used = [...manifest.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]!);
    expect(used.filter((key) => !english[key])).toEqual([]);
    expect(Object.keys(english).filter((key) => !spanish[key])).toEqual([]);
    expect(Object.keys(spanish).filter((key) => !english[key])).toEqual([]);
    expect(Object.keys(english).filter((key) => !used.includes(key))).toEqual([]);
  });
});

describe('the manifest', () => {
  const { contributes } = JSON.parse(manifest) as { contributes: { commands: { command: string }[]; menus: Record<string, { command?: string }[]> } };
  const registered = new Set(sources.flatMap((text) => [...text.matchAll(/(?:command|registerCommand)\(\s*'(?:halley\.)?(\w+)'/g)].map((match) => `halley.${match[1]}`)));
  for (const id of ['explain', 'fix', 'generate', 'improve', 'document', 'tests', 'translate', 'formatWithModel']) registered.add(`halley.${id}`);

  it('names commands that there are', () => {
    expect(contributes.commands.map(({ command }) => command).filter((id) => !registered.has(id))).toEqual([]);
  });

  it('puts only its own commands into menus', () => {
    const known = new Set(contributes.commands.map(({ command }) => command));
    const used = Object.values(contributes.menus).flat().flatMap(({ command }) => command ?? []);
    expect(used.filter((id) => !known.has(id))).toEqual([]);
  });
});

describe('thinness', () => {
  it('has no address, price or provider of its own', () => {
    const forbidden = /api\.[a-z]+\.com|openai\.com|anthropic\.com|cometapi|openrouter|mistral|deepseek|You are a/i;
    expect(sources.filter((text) => forbidden.test(text.replace(/openai-responses|'openai'|'anthropic'/g, '')))).toEqual([]);
  });

  it('pins its packages without saying where they come from', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"|https?:\/\//);
  });
});
