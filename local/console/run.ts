// A redrive, dry run, discard or unpark: its progress and its result.
import { describeError } from '../../lib/errors.ts'
import { discardDeadLetters, unparkDeadLetters } from '../../lib/redrive/change-dead-letters.ts'
import type { DeadLetterResult } from '../../lib/redrive/redrive-options.ts'
import type { RedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { DeadLetterResultCounts } from '../../lib/redrive/result-counts.ts'
import { type RedriveContext, runRedrive } from '../../lib/redrive/run-redrive.ts'

export const ACTIONS = ['redrive', 'dry-run', 'discard', 'unpark'] as const
export type Action = (typeof ACTIONS)[number]

const MAX_WARNINGS = 20

export interface RunView {
  readonly id: number
  readonly action: Action
  /** The fields of its request, as the page sent them. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly startedAt: string
  /** Null while it runs. */
  readonly endedAt: string | null
  readonly isCancelled: boolean
  /** How many dead letters it is expected to process; null if that is unknown. */
  readonly total: number | null
  readonly done: number
  readonly perSecond: number
  readonly secondsLeft: number | null
  readonly sent: number
  readonly found: number
  readonly wouldSend: number
  /** Discarded or unparked. */
  readonly changed: number
  /** Dead letters that stay, by code. Those with `invalid` and `parked` were not tried. */
  readonly kept: Readonly<Record<string, number>>
  readonly notCompleted: number
  readonly notNoted: number
  /** Dead letters of messages that were sent or discarded only in part. They are in KAFKA_DEAD_LETTER now. */
  readonly moved: number
  /** Why targets were left early. */
  readonly stopped: readonly string[]
  readonly warnings: readonly string[]
}

export interface RunOptions {
  readonly id: number
  readonly action: Action
  readonly fields: Readonly<Record<string, unknown>>
  readonly request: RedriveRequest
  readonly total: number | null
  readonly context: Pick<Required<RedriveContext>, 'config' | 'contracts' | 'readSourceMessage'>
  /** Called with each record that is acknowledged. */
  readonly onSent: () => void
  readonly nowMs?: () => number
}

export class Run {
  readonly #options: RunOptions
  readonly #nowMs: () => number
  readonly #cancelling = new AbortController()
  readonly #counts = new DeadLetterResultCounts()
  readonly #startedAt = new Date().toISOString()
  readonly #begin: number
  readonly #warnings: string[] = []
  readonly #stopped: string[] = []
  #furtherWarnings = 0
  #changed = 0
  #notCompleted = 0
  #notNoted = 0
  #moved = 0
  #end: { readonly at: string; readonly ms: number } | undefined
  /** Resolves when the run has ended. Never rejects. */
  readonly ended: Promise<void>

  constructor(options: RunOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#begin = this.#nowMs()
    this.ended = this.#work()
      .catch((error: unknown) => void this.#stopped.push(describeError(error)))
      .finally(() => {
        this.#end = { at: new Date().toISOString(), ms: this.#nowMs() }
      })
  }

  get isRunning(): boolean {
    return this.#end === undefined
  }

  /** Cancels the run. Records in flight are completed first. */
  cancel(): void {
    if (this.isRunning) this.#cancelling.abort()
  }

  view(): RunView {
    const { id, action, fields, total } = this.#options
    const { sent, found, wouldSend, kept } = this.#counts
    const done = this.#counts.done + this.#changed
    const ms = (this.#end?.ms ?? this.#nowMs()) - this.#begin
    const isEstimable = this.isRunning && total !== null && done > 0 && done <= total && ms >= 1000
    return {
      id,
      action,
      fields,
      startedAt: this.#startedAt,
      endedAt: this.#end?.at ?? null,
      isCancelled: this.#cancelling.signal.aborted,
      total,
      done,
      perSecond: ms < 1000 ? done : (done * 1000) / ms,
      secondsLeft: isEstimable ? ((total - done) * ms) / done / 1000 : null,
      sent,
      found,
      wouldSend,
      changed: this.#changed,
      // Codes come from outside, and may even be `__proto__`; `fromEntries` makes them own properties.
      kept: Object.fromEntries(kept),
      notCompleted: this.#notCompleted,
      notNoted: this.#notNoted,
      moved: this.#moved,
      stopped: this.#stopped,
      warnings: [
        ...this.#warnings,
        ...(this.#furtherWarnings > 0 ? [`${this.#furtherWarnings} further warnings.`] : []),
      ],
    }
  }

  async #work(): Promise<void> {
    const { action, request } = this.#options
    const context = {
      ...this.#options.context,
      signal: this.#cancelling.signal,
      warn: (text: string) => this.#warn(text),
    }
    if (action === 'redrive' || action === 'dry-run') {
      const results = await runRedrive(
        { ...request, dryRun: action === 'dry-run' },
        { ...context, onDeadLetter: result => this.#add(result) },
      )
      for (const { stopped, error, notCompleted, notNoted, moved } of results) {
        this.#notCompleted += notCompleted
        this.#notNoted += notNoted
        this.#moved += moved
        this.#stop(stopped, error)
      }
      return
    }
    const change = action === 'discard' ? discardDeadLetters : unparkDeadLetters
    const results = await change(request, { ...context, onChanged: () => void this.#changed++ })
    for (const { stopped, error, moved } of results) {
      this.#moved += moved
      this.#stop(stopped, error === undefined ? undefined : describeError(error))
    }
  }

  #add(result: DeadLetterResult): void {
    this.#counts.add(result)
    if (result.result === 'sent') this.#options.onSent()
  }

  #stop(code: string | undefined, message: string | undefined): void {
    if (code === undefined || code === 'interrupted') return
    this.#stopped.push([code, message].filter(text => text !== undefined).join(': '))
  }

  #warn(text: string): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(text)
    else this.#furtherWarnings++
  }
}
