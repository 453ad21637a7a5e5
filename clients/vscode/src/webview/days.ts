// Rows by day and model as one column for each day of a period, also those on which nothing was spent.

export interface Day {
  day: string;
  total: number;
  models: [string, number][];
}

type Row = Record<string, unknown>;

/** The last `count` days up to `today`, oldest first. */
export function byDay(rows: Row[], count: number, today: Date): Day[] {
  const days: Day[] = [];
  for (let back = count - 1; back >= 0; back--) {
    const day = new Date(today.getTime() - back * 86_400_000).toISOString().slice(0, 10);
    const models = rows.filter((row) => row.day === day).map((row): [string, number] => [String(row.model), costOf(row)]);
    days.push({ day, models, total: models.reduce((sum, [, cost]) => sum + cost, 0) });
  }
  return days;
}

/** Dollars, or whatever else is all there is. */
export function costOf(row: Row): number {
  const costs = (row.cost ?? []) as { amount: number; currency: string }[];
  return (costs.find(({ currency }) => currency === 'USD') ?? costs[0])?.amount ?? 0;
}
