// The counts of a run. Topics and codes are untrusted text, so they are keys of maps; `Object.fromEntries` creates own
// properties even for `__proto__`.
import { KafkaProducerError } from '../errors.ts'
import type { RedriveResult } from './redrive-options.ts'

export class RedriveCounts {
  seen = 0
  matched = 0
  tried = 0
  resent = 0
  found = 0
  invalid = 0
  parked = 0
  unreadable = 0
  notCompleted = 0
  notNoted = 0
  moved = 0
  hasMore = false
  stopped: string | undefined
  error: string | undefined
  readonly #failed = new Map<string, number>()
  readonly #byTopic = new Map<string, Map<string, number>>()

  match(topic: string, code: string): void {
    this.matched++
    const codes = this.#byTopic.get(topic) ?? new Map<string, number>()
    this.#byTopic.set(topic, codes)
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }

  fail(code: string): void {
    this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1)
  }

  stop(code: string, error?: unknown): void {
    this.stopped ??= code
    if (error !== undefined) this.error ??= messageOf(error)
  }

  result(): RedriveResult {
    const { seen, matched, tried, resent, found, invalid, parked, unreadable, notCompleted, notNoted, moved } = this
    const { stopped, error, hasMore } = this
    const counts = { seen, matched, tried, resent, found, invalid, parked, unreadable, notCompleted, notNoted, moved }
    return {
      ...counts,
      hasMore,
      failed: Object.fromEntries(this.#failed),
      byTopic: Object.fromEntries([...this.#byTopic].map(([topic, codes]) => [topic, Object.fromEntries(codes)])),
      ...(stopped === undefined ? {} : { stopped }),
      ...(error === undefined ? {} : { error }),
    }
  }
}

/**
 * Returns the message of this library's errors. For any other error returns its code or name, because the message may
 * contain addresses or paths.
 */
export function messageOf(error: unknown): string {
  if (error instanceof KafkaProducerError) return error.message
  const { code, name } = (error instanceof Error ? error : {}) as { code?: unknown; name?: string }
  return `An unexpected error (${typeof code === 'string' ? code : (name ?? 'error')}).`
}
