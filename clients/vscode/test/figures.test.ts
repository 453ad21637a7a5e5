import { describe, expect, it } from 'vitest';
import { abilities, amount, compact, duration, money, price, problemLine, usageLine } from '../src/figures';

describe('figures', () => {
  it('are short', () => {
    expect([999, 1200, 128_000, 1_000_000].map(compact)).toEqual(['999', '1.2k', '128k', '1M']);
    expect([850, 2400, 12_000].map(duration)).toEqual(['850 ms', '2.4 s', '12 s']);
  });

  it('keep small amounts apart from nothing', () => {
    expect([0, 0.000004, 0.00002, 0.0123, 1.5, 12].map((value) => amount(value))).toEqual(['$0.00', '<$0.00001', '$0.00002', '$0.012', '$1.50', '$12.00']);
  });

  it('never show an unknown cost as nothing', () => {
    expect(money(undefined)).toBe('?');
    expect(money({ amount: 0, currency: 'USD', source: 'unknown' })).toBe('?');
    expect(money({ amount: 0.5, currency: 'EUR', source: 'estimated' })).toBe('≈€0.50');
    expect(money({ amount: 0, currency: 'USD', source: 'estimated' })).toBe('$0.00');
    expect(money({ amount: 0.000004, currency: 'USD', source: 'estimated' })).toBe('<$0.00001');
  });

  it('name what a price is for', () => {
    expect(price({ input: 0.25, output: 2, currency: 'USD', source: 'provider' })).toBe('$0.25 / $2.00');
    expect(price({ perRequest: 0.02, currency: 'USD', source: 'catalog' })).toBe('≈$0.02/×');
    expect(price(null)).toBe('');
  });

  it('list the abilities that a model has', () => {
    const model = { id: 'a/b', provider: 'a', name: 'b', label: 'B', group: 'g', roles: [], capabilities: { vision: true, tools: false, owner: 'someone' } };
    expect(abilities(model)).toEqual(['vision']);
  });

  it.each([
    ['Did you mean a/b? `halley models` lists what there is.', 'Did you mean a/b?'],
    ['Raise `budget.daily_usd`, or wait; `halley usage` shows what was spent.', 'Raise budget.daily_usd, or wait.'],
    ['Enter another with `halley key set comet`, or see `providers.comet.key`.', 'See providers.comet.key.'],
    ['Pick one with `halley use`.', ''],
    ['', ''],
  ])('tell of a problem without what a terminal does: %s', (help, shown) => {
    expect(problemLine({ code: 'model_not_found', message: 'No.', help })).toBe(['No.', shown].filter(Boolean).join(' '));
  });

  it('leave out of a usage line what is not known', () => {
    expect(usageLine({ inputTokens: 1200, outputTokens: 310 }, 'tokens')).toBe('1.2k → 310 tokens · ?'.replaceAll(/ (?!\?)/g, '\u00a0'));
    expect(usageLine(null, 'tokens')).toBe('');
  });
});
