// A Lambda handler for a Kafka trigger that handles each record once per window, by its `kp-id`.
import { checkOptions as checkNames, type OptionKind } from '../check-options.ts'
import { ConfigError, KafkaProducerError } from '../errors.ts'
import { guardedCallback } from '../warn.ts'
import { DuplicateFilter, type DuplicateFilterOptions, type OnceResult } from './duplicate-filter.ts'
import { type ConsumedRecord, readKafkaEvent } from './kafka-event.ts'

/** How long a claim outlives its invocation's timeout, ms, because the clocks of sandboxes differ. */
const LEASE_MARGIN_MS = 1000

export interface DropDuplicatesOptions extends Omit<DuplicateFilterOptions, 'consumer' | 'leaseMs'> {
  /** The consumer's name, by which the store keeps ids apart. Default: the function's name. */
  readonly consumer?: string
  /** When a claim expires if its function dies, ms. Default: one second after the invocation's timeout. */
  readonly leaseMs?: number
  /**
   * What happens after a failure. `throw` (default) fails the invocation, and Lambda sends the whole batch again:
   * records that were handled are then duplicates. `report` names the records in `batchItemFailures`; only for event
   * source mappings whose `FunctionResponseTypes` have `ReportBatchItemFailures` (provisioned mode): any other mapping
   * treats such a batch as done.
   */
  readonly onFailure?: 'throw' | 'report'
  /** Called after every batch, also before the handler throws. A promise that it returns is not awaited. */
  readonly onBatch?: (counts: BatchCounts) => void
}

/** How many records of a batch had each result; `records` is their sum. */
export interface BatchCounts {
  readonly records: number
  readonly handled: number
  /** Handled without a claim, because they have no `kp-id`. They are among `handled`. */
  readonly withoutId: number
  readonly duplicates: number
  /** The handler threw, or the store did not answer. */
  readonly failed: number
  /** Claimed by another invocation. */
  readonly inProgress: number
  /** Not tried, because an earlier record of their partition was not handled; this keeps the order. */
  readonly notTried: number
}

/** docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html */
export interface KafkaBatchResponse {
  readonly batchItemFailures: readonly {
    readonly itemIdentifier: { readonly partition: string; readonly offset: number }
  }[]
}

/** The part of Lambda's context that the handler reads. */
export interface TriggerContext {
  readonly functionName?: string
  getRemainingTimeInMillis?(): number
}

export type KafkaTriggerHandler<C extends TriggerContext = TriggerContext> = (
  event: unknown,
  context: C,
) => Promise<KafkaBatchResponse>

export interface PartitionResult {
  readonly results: OnceResult[]
  readonly withoutId: number
  /** The records to return to Lambda, in order. */
  readonly returned: readonly ConsumedRecord[]
  readonly error: unknown
}

/**
 * Returns a handler that calls `handle` once per record: in order within a partition, and for several partitions at
 * the same time. If a record is not handled, it and the later ones of its partition are returned to Lambda. Records
 * without a `kp-id` are always handled.
 * @param handle must throw or reject for a record that Lambda shall deliver again
 * @throws ConfigError
 * @example
 * const store = new DynamoDbIdStore({ table: 'handled-records' })
 * export const handler = dropDuplicates(async ({ value }) => bill(JSON.parse(String(value))), { store })
 */
export function dropDuplicates<C extends TriggerContext>(
  handle: (record: ConsumedRecord, context: C) => unknown,
  options: DropDuplicatesOptions,
): KafkaTriggerHandler<C> {
  checkOptions(handle, options)
  const { onFailure = 'throw', onBatch = () => {}, warn } = options
  const tell = guardedCallback('onBatch', onBatch, warn)
  const filters = new Map<string, DuplicateFilter>()
  const filterOf = (consumer: string) => {
    const filter = filters.get(consumer) ?? new DuplicateFilter({ ...options, consumer })
    filters.set(consumer, filter)
    return filter
  }
  // The function's name arrives with the first event, so a placeholder lets all other options be checked now.
  filterOf(options.consumer ?? 'function')
  return async (event, context) => {
    const partitions = readKafkaEvent(event)
    const filter = filterOf(options.consumer ?? context?.functionName ?? '')
    // A duplicate may be in another partition of the same batch: it waits for the outcome of the first one.
    const running = new Map<string, Promise<OnceResult>>()
    const once = async (record: ConsumedRecord): Promise<OnceResult> => {
      const { topic, id } = record
      // Pass a copy, because the handler may change its record, and the original says which offset is returned to
      // Lambda.
      const work = () => handle({ ...record }, context)
      if (id !== undefined) {
        const name = `${topic}/${id}`
        const afterOthers = async (earlier: Promise<OnceResult> | undefined) => {
          await Promise.allSettled([earlier])
          return filter.once({ topic, id }, work, leaseOf(options, context))
        }
        const result = afterOthers(running.get(name))
        running.set(name, result)
        return result
      }
      await work()
      return 'handled'
    }
    const results = await Promise.all(partitions.map(records => inOrder(records, once)))
    const counts = countsOf(results)
    tell(counts)
    const returned = results.flatMap(result => result.returned)
    if (returned.length > 0 && onFailure === 'throw') throw new BatchError(counts, results)
    return {
      batchItemFailures: returned.map(({ topic, partition, offset }) => ({
        itemIdentifier: { partition: `${topic}-${partition}`, offset },
      })),
    }
  }
}

const OPTIONS = {
  store: 'any',
  consumer: 'any',
  windowMs: 'any',
  leaseMs: 'any',
  warn: 'any',
  onFailure: 'any',
  onBatch: 'any',
} as const satisfies Record<keyof DropDuplicatesOptions, OptionKind>

/** Checked at the start: a wrong option would otherwise show only at a failure, and lose records then. */
function checkOptions(handle: unknown, options: DropDuplicatesOptions): void {
  checkNames('dropDuplicates', options, OPTIONS)
  const problems: string[] = []
  if (typeof handle !== 'function') problems.push(`handle: expected a function; got ${typeof handle}.`)
  const { onFailure, onBatch } = options
  if (onFailure !== undefined && onFailure !== 'throw' && onFailure !== 'report')
    problems.push('onFailure: expected "throw" or "report".')
  if (onBatch !== undefined && typeof onBatch !== 'function')
    problems.push(`onBatch: expected a function; got ${typeof onBatch}.`)
  if (problems.length > 0) throw new ConfigError(problems)
}

/** How long a claim made now lasts, ms. */
function leaseOf({ leaseMs }: DropDuplicatesOptions, context: TriggerContext | undefined): { leaseMs?: number } {
  if (leaseMs !== undefined) return { leaseMs }
  const remainingMs = context?.getRemainingTimeInMillis?.()
  return Number.isFinite(remainingMs) ? { leaseMs: Math.max(0, Number(remainingMs)) + LEASE_MARGIN_MS } : {}
}

async function inOrder(
  records: readonly ConsumedRecord[],
  handle: (record: ConsumedRecord) => Promise<OnceResult>,
): Promise<PartitionResult> {
  const results: OnceResult[] = []
  let withoutId = 0
  for (const [index, record] of records.entries()) {
    try {
      const result = await handle(record)
      results.push(result)
      if (result === 'in-progress') return { results, withoutId, returned: records.slice(index), error: undefined }
      if (record.id === undefined) withoutId++
    } catch (error) {
      return { results, withoutId, returned: records.slice(index), error }
    }
  }
  return { results, withoutId, returned: [], error: undefined }
}

function countsOf(partitions: readonly PartitionResult[]): BatchCounts {
  const of = (result: OnceResult) => partitions.flatMap(({ results }) => results).filter(each => each === result).length
  const [handled, duplicates, inProgress] = [of('handled'), of('duplicate'), of('in-progress')]
  const stopped = partitions.filter(({ returned }) => returned.length > 0).length
  const returned = partitions.reduce((sum, each) => sum + each.returned.length, 0)
  return {
    records: handled + duplicates + returned,
    handled,
    withoutId: partitions.reduce((sum, each) => sum + each.withoutId, 0),
    duplicates,
    failed: stopped - inProgress,
    inProgress,
    notTried: returned - stopped,
  }
}

/** Thrown to fail the invocation, so that Lambda delivers the batch again. `cause` is the handler's first error. */
export class BatchError extends KafkaProducerError {
  override name = 'BatchError'
  readonly counts: BatchCounts

  constructor(counts: BatchCounts, partitions: readonly PartitionResult[]) {
    const { failed, inProgress, notTried, records } = counts
    const cause = partitions.find(({ error }) => error !== undefined)?.error
    super(
      'unavailable',
      `${failed + inProgress + notTried} of ${records} records were not handled (${failed} failed, ${inProgress} in ` +
        `progress elsewhere, ${notTried} behind them). Lambda sends the batch again.`,
      { retriable: true, ...(cause === undefined ? {} : { cause }) },
    )
    this.counts = counts
  }
}
