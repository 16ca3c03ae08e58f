// Prints the Markdown tables of docs/benchmarks.md from the file that `npm run bench -- --json FILE` wrote.
import type { Curve } from './growth.ts'
import type { Row } from './measure.ts'

export interface Results {
  readonly machine: string
  readonly rows: readonly Row[]
  readonly curves: readonly Curve[]
}

const HEAD = ['| row | ours / theirs | ratio | range | control | target | |', '|---|---|---|---|---|---|---|']
const CURVE_HEAD = ['| | | |', '|---|---|---|']

export function markdownOf({ machine, rows, curves }: Results): string {
  const tables = [
    [...HEAD, ...rows.map(rowLine)],
    [...CURVE_HEAD, ...curves.map(curveLine)],
  ]
  return [[machine], ...tables.filter(lines => lines.length > 2)].flatMap(lines => [...lines, '']).join('\n')
}

function rowLine(row: Row): string {
  const { name, what, ours, theirs, unit, ratio, low, high, control, target, better } = row
  const cells = [
    name,
    `${what} (${amount(ours)} / ${amount(theirs)} ${unit})`,
    ratio.toFixed(2),
    `${low.toFixed(2)}–${high.toFixed(2)}`,
    control.toFixed(2),
    `${better === 'lower' ? '≤' : '≥'} ${target}`,
    verdict(row),
  ]
  return `| ${cells.join(' | ')} |`
}

function verdict({ ratio, low, high, target, better }: Row): string {
  if (better === 'lower' ? ratio <= target : ratio >= target) return 'met'
  return low <= target && target <= high ? 'missed, within the range' : 'missed'
}

/** Formats a figure with three digits; more would only be noise. */
function amount(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}

function curveLine({ name, unit, points }: Curve): string {
  const list = (values: readonly number[]) => values.map(amount).join(', ')
  return `| ${name}: ${list(points.map(({ at }) => at))} | ${unit} | ${list(points.map(({ perUnit }) => perUnit))} |`
}
