// Rows by day and one more dimension as one column for each day of a period, also those on which nothing was spent.

export interface Day {
  day: string;
  total: number;
  parts: [string, number][];
}

type Row = Record<string, unknown>;

/** The last `count` days up to `today`, oldest first. Days are this machine's, or UTC's, which a team's rows are of. */
export function byDay(rows: Row[], dimension: string, count: number, today: Date, utc = false): Day[] {
  const days: Day[] = [];
  for (let back = count - 1; back >= 0; back--) {
    const day = dayOf(today, back, utc);
    const parts = rows.filter((row) => row.day === day).map((row): [string, number] => [nameOf(row, dimension), costOf(row)]);
    days.push({ day, parts, total: parts.reduce((sum, [, cost]) => sum + cost, 0) });
  }
  return days;
}

/** `2026-11-20`, so many days before a moment. Midday is on the same day whether or not clocks change that night. */
export function dayOf(moment: Date, back: number, utc: boolean): string {
  const [year, month, date] = utc ? [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()] : [moment.getFullYear(), moment.getMonth(), moment.getDate()];
  return new Date(Date.UTC(year, month, date - back, 12)).toISOString().slice(0, 10);
}

/** What a row is of: calls outside every workspace have no name for it. */
export function nameOf(row: Row, dimension: string): string {
  const name = row[dimension];
  return typeof name === 'string' && name !== '' ? name : '–';
}

/** Dollars, or whatever else is all there is. */
export function costOf(row: Row): number {
  const costs = (row.cost ?? []) as { amount: number; currency: string }[];
  return (costs.find(({ currency }) => currency === 'USD') ?? costs[0])?.amount ?? 0;
}
