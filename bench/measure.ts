// Measures ratios: each round runs our calls, their calls, and their calls again (the A/A control) alternately, in
// random order. A row is the median of the ratios of all rounds, with their range.

export interface Row {
  readonly name: string
  readonly what: string
  /** Our figure divided by theirs. */
  readonly ratio: number
  /** Times and CPU are better when they are lower, rates when they are higher. */
  readonly better: 'lower' | 'higher'
  readonly low: number
  readonly high: number
  /** The ratio of their second figure to their first (the A/A control). */
  readonly control: number
  readonly target: number
  readonly ours: number
  readonly theirs: number
  readonly unit: string
}

/** The measurements of one round: ours, theirs, and theirs again. */
export interface Round {
  readonly ours: number
  readonly theirs: number
  readonly again: number
}

export type Call = () => Promise<unknown>

export interface Comparison {
  readonly name: string
  readonly what: string
  readonly target: number
  readonly ours: Call
  readonly theirs: Call
  /** Number of calls of each kind per round. */
  readonly calls: number
  readonly rounds?: number
  readonly statistic?: (values: readonly number[]) => number
  /** The cost of one call; default: its duration, ms. */
  readonly cost?: (call: Call) => Promise<number>
  readonly unit?: string
}

const ROUNDS = 7

export async function compare({
  name,
  what,
  target,
  ours,
  theirs,
  calls,
  rounds = ROUNDS,
  statistic = median,
  cost = duration,
  unit = 'ms',
}: Comparison): Promise<Row> {
  const measured: Round[] = []
  await interleaved([ours, theirs], Math.max(2, Math.ceil(calls / 4)), cost)
  for (let round = 0; round < rounds; round++) {
    const [a, b, again] = (await interleaved([ours, theirs, theirs], calls, cost)).map(statistic) as [
      number,
      number,
      number,
    ]
    measured.push({ ours: a, theirs: b, again })
  }
  return rowOf({ name, what, target, unit }, measured)
}

export function rowOf(
  head: Pick<Row, 'name' | 'what' | 'target' | 'unit'> & { readonly better?: Row['better'] },
  measured: readonly Round[],
): Row {
  const ratios = measured.map(round => round.ours / round.theirs)
  return {
    better: 'lower',
    ...head,
    ratio: round(median(ratios)),
    low: round(Math.min(...ratios)),
    high: round(Math.max(...ratios)),
    control: round(median(measured.map(({ again, theirs }) => again / theirs))),
    ours: round(median(measured.map(each => each.ours))),
    theirs: round(median(measured.map(each => each.theirs))),
  }
}

async function interleaved(
  calls: readonly Call[],
  times: number,
  cost: (call: Call) => Promise<number>,
): Promise<number[][]> {
  const order = shuffled(calls.flatMap((_, index) => Array.from({ length: times }, () => index)))
  const costs: number[][] = calls.map(() => [])
  for (const index of order) costs[index]?.push(await cost(calls[index] as Call))
  return costs
}

export function shuffled<T>(values: readonly T[]): T[] {
  const result = [...values]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}

async function duration(call: Call): Promise<number> {
  const begin = performance.now()
  await call()
  return performance.now() - begin
}

/** The CPU time of this process during a call, ms. */
export async function cpu(call: Call): Promise<number> {
  const before = process.cpuUsage()
  await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
