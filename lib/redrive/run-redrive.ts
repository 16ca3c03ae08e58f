// Runs a requested redrive for each target or queue in turn, or for a store that the caller has opened.
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { createDeadLetterProducer, createDeadLetterPublisher } from '../create-dead-letter-publisher.ts'
import type { DeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import { KafkaProducerError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import { guardedWarn } from '../warn.ts'
import { claimCompleter } from './complete-claims.ts'
import type { DeadLetterTargets } from './divide-messages.ts'
import { noteDoubtsOfLaterTargets } from './doubts-of-later-targets.ts'
import {
  createLogReader,
  deadLetterTopicsOf,
  isNotCreatedYet,
  openDeadLetterStore,
  type TopicReader,
} from './open-dead-letters.ts'
import { claimReader } from './read-claim.ts'
import { type RedriveOptions, type RedriveResult, redrive } from './redrive.ts'
import { messageOf, RedriveCounts } from './redrive-counts.ts'
import type { RedriveRequest } from './redrive-request.ts'
import { configuredSources, eachSource, type RedriveSource } from './redrive-sources.ts'
import { SentInRun } from './sent-in-run.ts'
import type { SourceMessageReader } from './source-messages.ts'

/** Results after which no further target is read. */
const ENDS_RUN: ReadonlySet<string> = new Set(['deadline', 'interrupted', 'stop-requested'])

export interface RedriveContext {
  readonly config: ProducerConfig
  /** The contracts that validate invalid records, if the request includes them. */
  readonly contracts: Contracts
  /** Converts the messages of source DLQs and failure destinations; without it they stay untouched. */
  readonly readSourceMessage?: SourceMessageReader
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
  readonly onProgress?: (result: RedriveResult) => void
  readonly onDeadLetter?: RedriveOptions['onDeadLetter']
  readonly onSeen?: RedriveOptions['onSeen']
  readonly onUnreadable?: RedriveOptions['onUnreadable']
  /**
   * Called with problems that do not stop a run: unreadable record batches, failed notifications, values that could not
   * be removed. Default: `process.emitWarning`.
   */
  readonly warn?: (text: string) => void
}

/**
 * Redrives the targets of a request, or the configured ones.
 * @returns one result per target, in order. An unreadable target does not stop the run; the deadline, an interruption,
 * a request to stop, a cluster that does not answer or the request's `limit`, which counts over all targets, does
 */
export function runRedrive(request: RedriveRequest, context: RedriveContext): Promise<RedriveResult[]> {
  const { config } = context
  const sources = sourcesOf(request, context)
  return withConnections(context, async connections => {
    let isClusterDown = false
    const sentInRun = sources.length > 1 ? new SentInRun() : undefined
    if (sentInRun) await noteDoubtsOfLaterTargets(sources, context, sentInRun)
    const options = {
      ...optionsOf(request, context, connections),
      onClusterDown: () => {
        isClusterDown = true
      },
      isDeadLetterTopic: deadLetterTopicsOf([...config.deadLetter, ...sources]),
      ...(sentInRun ? { sentInRun } : {}),
    }
    const results: RedriveResult[] = []
    let limit = request.limit ?? Number.POSITIVE_INFINITY
    for (const source of sources) {
      const result = await redriveSource(source, context, { ...options, limit })
      results.push(isNotCreatedYet(result.stopped, source, config) ? new RedriveCounts().result() : result)
      limit -= result.tried
      if (isClusterDown || result.hasMore || ENDS_RUN.has(results.at(-1)?.stopped ?? '')) break
    }
    return results
  })
}

/** Returns a result also if the target can't be read, or another redrive has its lease. */
async function redriveSource(
  source: RedriveSource,
  context: RedriveContext,
  options: RedriveOptions,
): Promise<RedriveResult> {
  let store: DeadLetterStore | undefined
  try {
    store = await openDeadLetterStore(source, context.config, context)
    return await redrive(store, options)
  } catch (error) {
    const counts = new RedriveCounts()
    const isRunning = error instanceof KafkaProducerError && error.code === 'redrive-running'
    if (isRunning && options.signal?.aborted) counts.stop('interrupted')
    else if (isRunning && options.deadline?.passed) counts.stop('deadline')
    else if (!(error instanceof KafkaProducerError)) counts.stop('unavailable', error)
    else if (isRunning) counts.stop('already-running', error)
    else counts.stop(error.code, error)
    return counts.result()
  } finally {
    // An error of closing the target must not hide the counts.
    await store
      ?.close()
      .catch((error: unknown) => guardedWarn(context.warn)(`A target could not be closed: ${messageOf(error)}`))
  }
}

/** Redrives a store that the caller opens and closes. */
export function redriveStore(
  store: DeadLetterStore,
  request: RedriveRequest,
  context: RedriveContext,
): Promise<RedriveResult> {
  return withConnections(context, connections =>
    redrive(store, {
      ...optionsOf(request, context, connections),
      isDeadLetterTopic: deadLetterTopicsOf(context.config.deadLetter),
    }),
  )
}

/** Returns the sources that a request reads: those that it names, or the configured ones. */
export function sourcesOf(
  { from, sourceQueue }: Pick<RedriveRequest, 'from' | 'sourceQueue'>,
  { config, readSourceMessage }: Pick<RedriveContext, 'config' | 'readSourceMessage'>,
): readonly RedriveSource[] {
  return eachSource(from ?? configuredSources(config, readSourceMessage), readSourceMessage, sourceQueue)
}

async function withConnections<T>(
  { config, warn }: RedriveContext,
  run: (connections: Connections) => Promise<T>,
): Promise<T> {
  const producer = createDeadLetterProducer(config, undefined, warn)
  const { reader, closeReader } = createLogReader(config, { warn })
  const deadLetterTargets = createDeadLetterPublisher(config, warn)
  try {
    return await run({ producer, reader, deadLetterTargets })
  } finally {
    await Promise.all([producer.close(), closeReader(), deadLetterTargets.close()])
  }
}

interface Connections {
  readonly producer: RedriveOptions['producer']
  readonly reader: TopicReader
  readonly deadLetterTargets: DeadLetterTargets
}

function optionsOf(
  request: RedriveRequest,
  context: RedriveContext,
  { producer, reader, deadLetterTargets }: Connections,
): RedriveOptions {
  const { verify, from: _from, sourceQueue: _sourceQueue, ...options } = request
  const { config, contracts, deadline, signal, onProgress, onDeadLetter, onSeen, onUnreadable, warn } = context
  const targets = [...config.deadLetter, ...sourcesOf(request, context)]
  const optional = { deadline, signal, onProgress, onDeadLetter, onSeen, onUnreadable, warn }
  const defined = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  return {
    ...options,
    ...defined,
    producer,
    deadLetterTargets,
    contracts,
    inDoubtWaitMs: config.redriveInDoubtWaitMs,
    readClaim: claimReader(targets),
    completeClaim: claimCompleter(targets, warn),
    ...(verify ? { log: reader } : {}),
  }
}
