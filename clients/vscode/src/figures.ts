// Numbers as people read them. Pure; the webviews use it too.

import type { Cost, Model, Price, Usage } from './protocol';

/** `1.2k`, `128k`, `1M`. */
export function compact(count: number): string {
  if (count >= 1_000_000) return `${trim(count / 1_000_000)}M`;
  if (count >= 1000) return `${trim(count / 1000)}k`;
  return String(count);
}

/** `$0.0012`, `≈$1.20`, `€3.00`; an unknown cost is a question mark, never nothing. */
export function money(cost: Cost | { amount: number; currency: string } | null | undefined): string {
  if (!cost || ('source' in cost && cost.source === 'unknown')) return '?';
  const text = amount(cost.amount, cost.currency);
  return 'source' in cost && cost.source === 'estimated' && cost.amount > 0 ? roughly(text) : text;
}

/** An estimate; what is less than the smallest figure is none. */
export function roughly(text: string): string {
  return text.startsWith('<') ? text : `≈${text}`;
}

export function amount(value: number, currency = 'USD'): string {
  const sign = { USD: '$', EUR: '€', GBP: '£', CNY: '¥', JPY: '¥' }[currency] ?? `${currency} `;
  if (value > 0 && value < 0.000005) return `<${sign}0.00001`;
  const digits = value === 0 || value >= 0.995 ? 2 : value >= 0.01 ? 3 : 5;
  return `${sign}${value.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, '$1')}`;
}

/** `850 ms`, `2.4 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${trim(ms / 1000)} s`;
}

/** `640 kB`, `24 MB`. */
export function bytes(count: number): string {
  return count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : `${trim(count / 1e6)} MB`;
}

/** Price per million tokens: `$0.25 / $2`. */
export function price(value: Price | null | undefined): string {
  if (!value) return '';
  const parts = [value.input, value.output].filter((part): part is number => part != null);
  const mark = value.source === 'catalog' ? '≈' : '';
  if (parts.length > 0) return mark + parts.map((part) => amount(part, value.currency)).join(' / ');
  return value.perRequest != null ? `${mark}${amount(value.perRequest, value.currency)}/×` : '';
}

/** Abilities that a model has, as their names. */
export function abilities(model: Model): string[] {
  return Object.entries(model.capabilities)
    .filter(([, has]) => has === true)
    .map(([name]) => name);
}

/** `1.2k → 310 tokens · ≈$0.004 · 420 ms · 56/s`, as much of it as is known. */
export function usageLine(usage: Usage | null | undefined, tokens: string): string {
  if (!usage) return '';
  const parts = [`${compact(usage.inputTokens)} → ${compact(usage.outputTokens)} ${tokens}`, money(usage.cost)];
  if (usage.firstTokenMs != null) parts.push(duration(usage.firstTokenMs));
  if (usage.tokensPerS != null) parts.push(`${Math.round(usage.tokensPerS)}/s`);
  // In a narrow column it breaks between its parts, not in one.
  return parts.map((part) => part.replaceAll(' ', '\u00a0')).join('\u00a0· ');
}

function trim(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, '');
}

/** Problems whose help names commands for a terminal; buttons do the same here. They are over when there is a model to ask. */
export const SETUP_PROBLEMS: ReadonlySet<string> = new Set(['not_configured', 'auth_failed']);

/** Message and help in one line, without marks of Markdown, which would be shown as they are, and without what a terminal does. */
export function problemLine({ code, message, help }: { code: string; message: string; help: string }): string {
  return [message, SETUP_PROBLEMS.has(code) ? '' : withoutCommands(help)].filter(Boolean).join(' ').replaceAll('`', '');
}

// "Choose another, or see `halley models`; `halley use` …" → "Choose another."
function withoutCommands(help: string): string {
  const clauses = help.split(/(?<=[.?!;])\s+/).map((clause) => clause.split(', or ').filter((way) => !way.includes('`halley ')).join(', or '));
  const said = clauses.filter(Boolean).join(' ').replace(/;?$/, '').replace(/(?<=[^.?!])$/, '.');
  return said.charAt(0).toUpperCase() + said.slice(1);
}
