// The usage view's page: totals, a bar for each day coloured by what costs are summed up by, a table of it, quota where it is
// known.

import { amount, compact, roughly } from '../figures';
import type { UsageReport } from '../protocol';
import type { Choice, Dimension, FromUsagePage, ToUsagePage } from '../providers/usage';
import { byDay, costOf, type Day, nameOf } from './days';
import { h } from './dom';

declare function acquireVsCodeApi(): { postMessage(message: FromUsagePage): void };

const vscode = acquireVsCodeApi();
const SVG = 'http://www.w3.org/2000/svg';
const COLOURS = 6;
const HEIGHT = 90;
const PERIODS: [number, string][] = [
  [7, 'week'],
  [30, 'month'],
  [90, 'quarter'],
];

type Shown = Extract<ToUsagePage, { type: 'usage' }>;
type Strings = Record<string, string>;

window.addEventListener('message', ({ data }: MessageEvent<ToUsagePage>) => {
  const focused = document.activeElement?.getAttribute('data-choice');
  if (data.type === 'usage') show(data);
  else document.body.replaceChildren(h('main', {}, h('p', { role: 'alert' }, data.text), data.choice.team && h('div', { class: 'choices' }, whose(data.choice, data.strings))));
  if (focused) document.querySelector<HTMLElement>(`[data-choice="${focused}"]`)?.focus();
});
vscode.postMessage({ type: 'ready' });

function show({ choice, days, sums, strings }: Shown): void {
  const rows = [...sums.rows].sort((one, other) => costOf(other) - costOf(one));
  const order = rows.map((row) => nameOf(row, choice.by));
  const choices = h('div', { class: 'choices' }, sums.hasTeam || choice.team ? whose(choice, strings) : null, periods(choice, strings));
  const body = rows.length === 0 ? [h('p', { class: 'soft' }, strings.nothing), choices] : [...chart(byDay(days.rows, choice.by, choice.days, new Date(), choice.team), order, choices, strings), table(rows, order, choice, strings)];
  document.body.replaceChildren(h('main', {}, totals(sums, strings), ...body, failures(sums, choice, strings), ghostText(sums, strings), quota(sums, strings)));
}

/** This user's calls or the team's, of which the database shows an admin all and others their own. */
function whose(choice: Choice, strings: Strings): HTMLElement {
  const options: [string, string][] = [
    ['mine', strings.mine!],
    ['team', strings.team!],
  ];
  return select('whose', strings.whose!, options, choice.team ? 'team' : 'mine', (value) => ({ ...choice, team: value === 'team' }));
}

function periods(choice: Choice, strings: Strings): HTMLElement {
  const options = PERIODS.map(([days, name]): [string, string] => [String(days), strings[name]!]);
  return select('days', strings.range!, options, String(choice.days), (value) => ({ ...choice, days: Number(value) }));
}

function dimensions(choice: Choice, strings: Strings): HTMLElement {
  const names: Dimension[] = choice.team ? ['model', 'member', 'workspace', 'feature'] : ['model', 'workspace', 'feature'];
  const options = names.map((name): [string, string] => [name, strings[name]!]);
  return select('by', strings.by!, options, choice.by, (value) => ({ ...choice, by: value as Dimension }));
}

function select(name: string, label: string, options: [string, string][], chosen: string, choose: (value: string) => Choice): HTMLElement {
  const made: HTMLSelectElement = h(
    'select',
    { 'aria-label': label, 'data-choice': name, onchange: () => vscode.postMessage({ type: 'choose', ...choose(made.value) }) },
    ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
  );
  return made;
}

function totals({ totals: sum }: UsageReport, strings: Strings): HTMLElement {
  const figure = (label: string, value: string): HTMLElement => h('div', { class: 'figure' }, h('dd', {}, value), h('dt', {}, label));
  const saved = ((sum.saved ?? []) as { amount: number; currency: string }[]).map((one) => amount(one.amount, one.currency)).join(' + ');
  return h(
    'dl',
    { class: 'figures' },
    figure(strings.spent!, costText(sum)),
    figure(strings.calls!, compact(Number(sum.calls ?? 0))),
    figure(strings.tokens!, compact(Number(sum.inputTokens ?? 0) + Number(sum.outputTokens ?? 0))),
    figure(strings.failed!, compact(Number(sum.errors ?? 0))),
    saved ? figure(strings.saved!, saved) : null,
  );
}

/** The bars, and below them whose and of what time they are, which is chosen there. */
function chart(days: Day[], order: string[], choices: HTMLElement, strings: Strings): HTMLElement[] {
  const most = Math.max(...days.map(({ total }) => total), 1e-9);
  const width = 100 / days.length;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 100 ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  days.forEach((day, index) => {
    let y = HEIGHT;
    for (const [name, cost] of day.parts) {
      const height = (cost / most) * (HEIGHT - 2);
      y -= height;
      const rect = document.createElementNS(SVG, 'rect');
      for (const [attribute, value] of Object.entries({ x: index * width + width * 0.1, y, width: width * 0.8, height, class: colour(order, name) })) rect.setAttribute(attribute, String(value));
      const title = document.createElementNS(SVG, 'title');
      title.textContent = `${day.day} ${name}: ${amount(cost)}`;
      rect.append(title);
      svg.append(rect);
    }
  });
  const spoken = days.filter(({ total }) => total > 0).map(({ day, total }) => `${day}: ${amount(total)}`);
  const label = `${strings.chart}. ${spoken.join(', ')}`;
  const top = h('span', { class: 'top soft', 'aria-hidden': 'true' }, amount(most));
  return [h('figure', { role: 'img', 'aria-label': label }, top, svg), h('div', { class: 'axis soft' }, h('span', {}, days[0]?.day ?? ''), choices, h('span', {}, days.at(-1)?.day ?? ''))];
}

function table(rows: Record<string, unknown>[], order: string[], choice: Choice, strings: Strings): HTMLElement {
  const head = [dimensions(choice, strings), strings.calls, strings.tokens, strings.cost].map((cell) => h('th', { scope: 'col' }, cell));
  const body = rows.map((row) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('span', { class: `dot ${colour(order, nameOf(row, choice.by))}` }), nameOf(row, choice.by)),
      h('td', {}, Number(row.errors) > 0 ? `${compact(Number(row.calls))} (${compact(Number(row.errors))} ✕)` : compact(Number(row.calls))),
      h('td', {}, compact(Number(row.inputTokens ?? 0) + Number(row.outputTokens ?? 0))),
      h('td', {}, costText(row)),
    ),
  );
  const unknown = rows.some((row) => Number(row.unpricedCalls ?? 0) > 0);
  return h('div', {}, h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body)), unknown ? h('p', { class: 'soft' }, strings.unknown) : null);
}

/** What went wrong, by the problem's code, the most frequent first. */
function failures({ rows }: UsageReport, { by }: Choice, strings: Strings): HTMLElement | null {
  const found = rows.flatMap((row) => Object.entries((row.problems ?? {}) as Record<string, number>).map(([code, count]) => ({ of: nameOf(row, by), code, count })));
  const sorted = found.sort((one, other) => other.count - one.count);
  return section(strings.problems!, sorted, ({ of, code, count }) => [`${of as string} · ${(code as string).replaceAll('_', ' ')}`, compact(Number(count))]);
}

function ghostText({ completions = [] }: UsageReport, strings: Strings): HTMLElement | null {
  const head = [strings.model!, strings.shown!, strings.accepted!, strings.rate!];
  const share = (rate: unknown): string => (typeof rate === 'number' ? `${Math.round(rate * 100)} %` : '');
  return section(strings.ghost!, completions, ({ model, language, shown, accepted, partlyAccepted, rate }) => [`${String(model)} · ${String(language)}`, compact(Number(shown)), compact(Number(accepted) + Number(partlyAccepted ?? 0)), share(rate)], head);
}

function section(title: string, rows: Record<string, unknown>[], cells: (row: Record<string, unknown>) => string[], head?: string[]): HTMLElement | null {
  if (rows.length === 0) return null;
  const body = rows.map((row) => h('tr', {}, ...cells(row).map((text, index) => (index === 0 ? h('th', { scope: 'row' }, text) : h('td', {}, text)))));
  return h('section', {}, h('h2', {}, title), h('table', {}, head ? h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))) : null, h('tbody', {}, ...body)));
}

function quota({ quota: rows }: UsageReport, strings: Strings): HTMLElement | null {
  if (!rows || rows.length === 0) return null;
  return h(
    'section',
    {},
    h('h2', {}, strings.quota),
    ...rows.map((row) => h('p', {}, ...quotaLine(row, strings))),
  );
}

function quotaLine(row: Record<string, unknown>, strings: Strings): (Node | string)[] {
  const provider = String(row.provider);
  const problem = row.problem as { message?: string } | undefined;
  if (problem) return [`${provider}: ${problem.message ?? ''}`];
  const [used, total] = [Number(row.used ?? 0), Number(row.total ?? 0)];
  const resets = typeof row.resets === 'string' ? ` · ${strings.resets} ${row.resets}` : '';
  const text = `${amount(used)}${total > 0 ? ` ${strings.of} ${amount(total)}` : ''}${resets}`;
  return total > 0 ? [`${provider} `, h('meter', { min: 0, max: total, value: used, 'aria-label': provider }), ` ${text}`] : [`${provider} ${text}`];
}

/** Costs in every currency; a question mark where calls were made and no price is known. */
function costText(row: Record<string, unknown>): string {
  const costs = (row.cost ?? []) as { amount: number; currency: string }[];
  const isEstimated = Number(row.estimatedCalls ?? 0) > 0;
  const known = costs.map((cost) => amount(cost.amount, cost.currency)).map((text) => (isEstimated ? roughly(text) : text)).join(' + ');
  if (Number(row.unpricedCalls ?? 0) > 0) return known ? `${known} + ?` : '?';
  return known || amount(0);
}

function colour(order: string[], name: string): string {
  return `c${Math.max(0, order.indexOf(name)) % COLOURS}`;
}
