// Counts the results of a run while it runs, over all its targets.
import type { DeadLetterResult } from './redrive-options.ts'

/** Codes of matching dead letters that a run does not try. */
const NOT_TRIED: ReadonlySet<string> = new Set(['invalid', 'parked'])

export class DeadLetterResultCounts {
  sent = 0
  found = 0
  /** Records that a dry run would send. */
  wouldSend = 0
  /** Dead letters that stay open, by code. */
  readonly kept = new Map<string, number>()
  /** The number of dead letters that the run has tried, with any result. */
  done = 0

  add(result: DeadLetterResult): void {
    const code = 'code' in result ? result.code : undefined
    if (code !== undefined) this.kept.set(code, (this.kept.get(code) ?? 0) + 1)
    else if (result.result === 'sent') this.sent++
    else if (result.result === 'found') this.found++
    else this.wouldSend++
    if (code === undefined || !NOT_TRIED.has(code)) this.done++
  }
}
