// Measures ratios side by side: each round interleaves our calls, their calls and their calls again (the A/A control)
// in random order. A row is the median of the ratios of all rounds with their range; lower is better.

export interface Row {
  readonly name: string
  readonly what: string
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** The ratio of their calls to their calls (the A/A control). */
  readonly control: number
  readonly target: number
  readonly ours: number
  readonly theirs: number
  readonly unit: string
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
  const measured: { ours: number; theirs: number; again: number }[] = []
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
  head: Pick<Row, 'name' | 'what' | 'target' | 'unit'>,
  measured: readonly { ours: number; theirs: number; again: number }[],
): Row {
  const ratios = measured.map(round => round.ours / round.theirs)
  return {
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
  const order = calls.flatMap((_, index) => Array.from({ length: times }, () => index)).sort(() => Math.random() - 0.5)
  const costs: number[][] = calls.map(() => [])
  for (const index of order) costs[index]?.push(await cost(calls[index] as Call))
  return costs
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
