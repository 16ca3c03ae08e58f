// The dead letters in the form in which the page shows them: a list, and a single one. Payloads are included only if
// the page asks for one.
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import type { OpenDeadLetter } from '../../lib/dead-letter/dead-letter-store.ts'
import { storeKindOf } from '../../lib/dead-letter/store-kinds.ts'
import { ConfigError, describeError } from '../../lib/errors.ts'
import { listDeadLetters } from '../../lib/redrive/list-dead-letters.ts'
import { NameCheck } from '../../lib/redrive/name-check.ts'
import { withValue } from '../../lib/redrive/read-claim.ts'
import type { RedriveSource } from '../../lib/redrive/redrive-sources.ts'
import { DeadLetterGroups, isParked, lastError, matches } from '../../lib/redrive/select-dead-letters.ts'
import type { SourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { DeadLetterCache } from './dead-letter-cache.ts'
import { stateOfFiles } from './file-states.ts'
import { filterOf } from './filter.ts'
import type { Row } from './row-table.ts'
import type { Snapshot, SnapshotBuilder } from './snapshot.ts'

const PAGE = 100
/**
 * How long a response waits for a reading in progress, ms. After that it has the dead letters of the reading before.
 */
const READING_MS = 300
const FIRST_READING_MS = 60_000

export interface DeadLetterViewsOptions {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly readSourceMessage: SourceMessageReader
}

export class DeadLetterViews {
  readonly #options: DeadLetterViewsOptions
  readonly #cache: DeadLetterCache

  constructor(options: DeadLetterViewsOptions) {
    this.#options = options
    this.#cache = new DeadLetterCache({
      stateOf: () => stateOfFiles(options.config.deadLetter),
      read: builder => this.#readAll(builder),
    })
  }

  /** Returns the dead letters as they were last read; waits for the first reading. */
  async snapshot(): Promise<Snapshot | undefined> {
    return (await this.#cache.current(FIRST_READING_MS)).snapshot
  }

  /** Makes the next page show a change. Call it after the change. */
  invalidate(): void {
    this.#cache.invalidate()
  }

  /**
   * Returns one page of the open dead letters that match, newest first, with their groups.
   * @param query the filter, `offset`, and `refresh` to read the targets again
   */
  async page(query: URLSearchParams): Promise<object> {
    const filter = filterOf(query, ['offset', 'refresh'])
    if (query.has('refresh')) this.#cache.invalidate()
    const { snapshot, progress } = await this.#cache.current(READING_MS)
    if (!snapshot) return { isLoading: true, progress: progress ?? 0 }
    const names = new NameCheck(filter, this.#options.contracts)
    const groups = new DeadLetterGroups()
    const [topics, errors] = [new Set<string>(), new Set<string>()]
    const matched: number[] = []
    const { rows, ...rest } = snapshot
    for (const number of rows.order) {
      const row = rows.at(number)
      names.see(row)
      topics.add(row.record.topic ?? 'none')
      errors.add(row.failure.code).add(lastError(row))
      if (!matches(row, filter)) continue
      groups.add(row)
      matched.push(number)
    }
    const offset = Math.min(offsetOf(query), lastPage(matched.length))
    return {
      ...rest,
      progress: progress ?? null,
      // What failed later is not on the page.
      seenUntil: new Date(
        Math.min(filter.until ?? Number.POSITIVE_INFINITY, Date.parse(snapshot.readAt)),
      ).toISOString(),
      total: rows.length,
      matched: matched.length,
      offset,
      page: PAGE,
      unknownNames: names.problems(),
      topics: [...topics].sort(),
      errors: [...errors].sort(),
      groups: groups.list(),
      deadLetters: matched.slice(offset, offset + PAGE).map(each => summaryOf(rows.at(each))),
    }
  }

  /**
   * Returns one dead letter.
   * @param query `id`, `location`, and `payload=1` for key, value and the values of headers
   * @returns undefined if it is no longer open
   */
  async one(query: URLSearchParams): Promise<object | undefined> {
    const [id, location] = [query.get('id') ?? '', query.get('location')]
    const open = await this.#find(id, location)
    if (!open) return undefined
    const { config } = this.#options
    const hasPayload = query.get('payload') === '1'
    const deadLetter = hasPayload ? await withValue(open.deadLetter, config.deadLetter) : open.deadLetter
    const { key, value, headers, ...record } = deadLetter.record
    return {
      ...deadLetter,
      location: open.location,
      verified: open.verified,
      isParked: isParked(deadLetter),
      valueBytes: deadLetter.claimCheck?.bytes ?? (value === null ? null : Buffer.byteLength(value, 'base64')),
      record: hasPayload
        ? { ...record, key, value, headers }
        : { ...record, headers: headers.map(({ name }) => ({ name })) },
    }
  }

  async #readAll(builder: SnapshotBuilder): Promise<void> {
    const { config, readSourceMessage } = this.#options
    // Source DLQs are left out, because listing them receives their messages, which hides them from a redrive.
    const request = { from: config.deadLetter }
    const context = {
      config,
      readSourceMessage,
      warn: (text: string) => builder.addNote(text),
      onNote: (note: string) => builder.addNote(note),
      onUnreadable: builder.addUnreadable.bind(builder),
      onTargetFailure: (source: RedriveSource, error: unknown) =>
        builder.addFailure(storeKindOf(source).describe(source), describeError(error)),
    }
    for await (const open of listDeadLetters(request, context)) builder.add(open)
  }

  async #find(id: string, location: string | null): Promise<OpenDeadLetter | undefined> {
    const { config } = this.#options
    const request = { from: config.deadLetter, deadLetterIds: [id] }
    for await (const open of listDeadLetters(request, { ...this.#options, onTargetFailure: () => {} }))
      if (location === null || open.location === location) return open
    return undefined
  }
}

function offsetOf(query: URLSearchParams): number {
  const offset = Number(query.get('offset') ?? 0)
  if (Number.isSafeInteger(offset) && offset >= 0) return offset
  throw new ConfigError(['offset: expected a whole number.'])
}

function lastPage(count: number): number {
  return Math.max(0, Math.floor((count - 1) / PAGE) * PAGE)
}

function summaryOf(row: Row): object {
  const { deadLetterId, recordId, location, verified, trigger, record, failure, redrive } = row
  const { code, kind, outcome, lastAt } = failure
  return {
    deadLetterId,
    recordId,
    location,
    verified,
    topic: record.topic,
    trigger,
    error: code,
    lastError: lastError(row),
    isInvalid: kind === 'invalid-record',
    outcome,
    lastAt,
    redrives: redrive.count,
    isParked: isParked(row),
  }
}
