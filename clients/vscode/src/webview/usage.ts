// The usage view's page: totals, a bar for each day coloured by model, a table of models, quota where it is known.

import { amount, compact } from '../figures';
import type { UsageReport } from '../protocol';
import type { FromUsagePage, ToUsagePage } from '../providers/usage';
import { byDay, costOf, type Day } from './days';
import { h } from './dom';

declare function acquireVsCodeApi(): { postMessage(message: FromUsagePage): void };

const vscode = acquireVsCodeApi();
const SVG = 'http://www.w3.org/2000/svg';
const COLOURS = 6;
const HEIGHT = 90;
let period = 30;

window.addEventListener('message', ({ data }: MessageEvent<ToUsagePage>) => {
  if (data.type === 'failed') document.body.replaceChildren(h('p', { role: 'alert' }, data.text));
  else show(data);
});
vscode.postMessage({ type: 'ready' });

type Shown = Extract<ToUsagePage, { type: 'usage' }>;

function show({ days, models, strings }: Shown): void {
  const rows = [...models.rows].sort((one, other) => costOf(other) - costOf(one));
  const order = rows.map((row) => String(row.model));
  document.body.replaceChildren(
    h('main', {}, totals(models, strings), ...(rows.length === 0 ? [h('p', { class: 'soft' }, strings.nothing), periods(strings)] : [...chart(byDay(days.rows, period, new Date()), order, strings), table(rows, order, strings)]), failures(models, strings), ghostText(models, strings), quota(models, strings)),
  );
}

function periods(strings: Record<string, string>): HTMLElement {
  const select = h(
    'select',
    {
      'aria-label': strings.range,
      onchange: () => {
        period = Number(select.value);
        vscode.postMessage({ type: 'range', days: period });
      },
    },
    ...[
      [7, strings.week!],
      [30, strings.month!],
      [90, strings.quarter!],
    ].map(([value, label]) => h('option', { value, selected: value === period }, String(label))),
  );
  return select;
}

function totals({ totals: sum }: UsageReport, strings: Record<string, string>): HTMLElement {
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

/** The bars, and below them what time they are of, which is chosen there. */
function chart(days: Day[], order: string[], strings: Record<string, string>): HTMLElement[] {
  const most = Math.max(...days.map(({ total }) => total), 1e-9);
  const width = 100 / days.length;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 100 ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  days.forEach((day, index) => {
    let y = HEIGHT;
    for (const [model, cost] of day.models) {
      const height = (cost / most) * (HEIGHT - 2);
      y -= height;
      const rect = document.createElementNS(SVG, 'rect');
      for (const [name, value] of Object.entries({ x: index * width + width * 0.1, y, width: width * 0.8, height, class: colour(order, model) })) rect.setAttribute(name, String(value));
      const title = document.createElementNS(SVG, 'title');
      title.textContent = `${day.day} ${model}: ${amount(cost)}`;
      rect.append(title);
      svg.append(rect);
    }
  });
  const spoken = days.filter(({ total }) => total > 0).map(({ day, total }) => `${day}: ${amount(total)}`);
  const label = `${strings.chart}. ${spoken.join(', ')}`;
  const top = h('span', { class: 'top soft', 'aria-hidden': 'true' }, amount(most));
  return [h('figure', { role: 'img', 'aria-label': label }, top, svg), h('div', { class: 'axis soft' }, h('span', {}, days[0]?.day ?? ''), periods(strings), h('span', {}, days.at(-1)?.day ?? ''))];
}

function table(rows: Record<string, unknown>[], order: string[], strings: Record<string, string>): HTMLElement {
  const head = [strings.model, strings.calls, strings.tokens, strings.cost].map((text) => h('th', { scope: 'col' }, text));
  const body = rows.map((row) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('span', { class: `dot ${colour(order, String(row.model))}` }), String(row.model)),
      h('td', {}, Number(row.errors) > 0 ? `${compact(Number(row.calls))} (${compact(Number(row.errors))} ✕)` : compact(Number(row.calls))),
      h('td', {}, compact(Number(row.inputTokens ?? 0) + Number(row.outputTokens ?? 0))),
      h('td', {}, costText(row)),
    ),
  );
  const unknown = rows.some((row) => Number(row.unpricedCalls ?? 0) > 0);
  return h('div', {}, h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body)), unknown ? h('p', { class: 'soft' }, strings.unknown) : null);
}

/** What went wrong, by the problem's code, the most frequent first. */
function failures({ rows }: UsageReport, strings: Record<string, string>): HTMLElement | null {
  const found = rows.flatMap(({ model, problems }) => Object.entries((problems ?? {}) as Record<string, number>).map(([code, count]) => ({ model, code, count })));
  const sorted = found.sort((one, other) => other.count - one.count);
  return section(strings.problems!, sorted, ({ model, code, count }) => [`${String(model)} · ${String(code).replaceAll('_', ' ')}`, compact(Number(count))]);
}

function ghostText({ completions = [] }: UsageReport, strings: Record<string, string>): HTMLElement | null {
  const head = [strings.model!, strings.shown!, strings.accepted!, strings.rate!];
  const share = (rate: unknown): string => (typeof rate === 'number' ? `${Math.round(rate * 100)} %` : '');
  return section(strings.ghost!, completions, ({ model, language, shown, accepted, partlyAccepted, rate }) => [`${String(model)} · ${String(language)}`, compact(Number(shown)), compact(Number(accepted) + Number(partlyAccepted ?? 0)), share(rate)], head);
}

function section(title: string, rows: Record<string, unknown>[], cells: (row: Record<string, unknown>) => string[], head?: string[]): HTMLElement | null {
  if (rows.length === 0) return null;
  const body = rows.map((row) => h('tr', {}, ...cells(row).map((text, index) => (index === 0 ? h('th', { scope: 'row' }, text) : h('td', {}, text)))));
  return h('section', {}, h('h2', {}, title), h('table', {}, head ? h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))) : null, h('tbody', {}, ...body)));
}

function quota({ quota: rows }: UsageReport, strings: Record<string, string>): HTMLElement | null {
  if (!rows || rows.length === 0) return null;
  return h(
    'section',
    {},
    h('h2', {}, strings.quota),
    ...rows.map((row) => {
      const [used, total] = [Number(row.used ?? 0), Number(row.total ?? 0)];
      return h('p', {}, `${String(row.provider)} `, total > 0 ? h('meter', { min: 0, max: total, value: used, 'aria-label': String(row.provider) }) : null, ` ${amount(used)}${total > 0 ? ` ${strings.of} ${amount(total)}` : ''}`);
    }),
  );
}

/** Costs in every currency; a question mark where calls were made and no price is known. */
function costText(row: Record<string, unknown>): string {
  const costs = (row.cost ?? []) as { amount: number; currency: string }[];
  const mark = Number(row.estimatedCalls ?? 0) > 0 ? '≈' : '';
  const known = costs.map((cost) => mark + amount(cost.amount, cost.currency)).join(' + ');
  if (Number(row.unpricedCalls ?? 0) > 0) return known ? `${known} + ?` : '?';
  return known || amount(0);
}

function colour(order: string[], model: string): string {
  return `c${Math.max(0, order.indexOf(model)) % COLOURS}`;
}
