// Runs a requested redrive: of each target in turn, or of a store that the caller has opened.
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { createDeadLetterProducer } from '../create-dead-letter-publisher.ts'
import type { DeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import type { RawToDeadLetters } from '../dead-letter/raw-message.ts'
import type { Deadline } from '../time/deadline.ts'
import type { LogReader } from '../transport/kafkajs/log-reader.ts'
import { createLogReader, deadLetterTopicsOf, openDeadLetterStore } from './open-dead-letters.ts'
import { type RedriveOptions, type RedriveResult, redrive } from './redrive.ts'
import type { RedriveRequest } from './redrive-request.ts'
import type { SourceMessageReader } from './source-messages.ts'

export interface RedriveContext {
  readonly config: ProducerConfig
  /** The contracts that check invalid records, if the request includes them. */
  readonly contracts: Contracts
  /** Converts messages of a source DLQ or failure destination; without it they stay untouched. */
  readonly readSourceMessage?: SourceMessageReader
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
  readonly onProgress?: (result: RedriveResult) => void
  /**
   * Called with warnings: about topics whose retention drops a record as soon as it is sent, and unreadable batches.
   */
  readonly warn?: (text: string) => void
}

/**
 * Sends the dead letters of the targets that a request names, or of the configured ones.
 * @returns one result per target, in order; after one that stopped early, no other target is tried
 */
export function runRedrive(request: RedriveRequest, context: RedriveContext): Promise<RedriveResult[]> {
  const { config } = context
  const chain = request.from ?? config.deadLetter
  return withConnections(context, async (producer, reader) => {
    const options = {
      ...optionsOf(request, context, producer, reader),
      isDeadLetterTopic: deadLetterTopicsOf(chain),
    }
    const results: RedriveResult[] = []
    for (const target of chain) {
      const store = await openDeadLetterStore(target, config, {
        toDeadLetters: messageReaderOf(request, context),
        warn: context.warn,
      })
      try {
        results.push(await redrive(store, options))
      } finally {
        await store.close()
      }
      if (results.at(-1)?.stopped !== undefined) break
    }
    if (request.dryRun && request.timestamp === 'original')
      await warnOfRetention(results, reader, context.warn ?? (() => {}))
    return results
  })
}

/** Sends the dead letters of a store; the caller opens and closes it. */
export function redriveStore(
  store: DeadLetterStore,
  request: RedriveRequest,
  context: RedriveContext,
): Promise<RedriveResult> {
  return withConnections(context, (producer, reader) =>
    redrive(store, {
      ...optionsOf(request, context, producer, reader),
      isDeadLetterTopic: deadLetterTopicsOf(context.config.deadLetter),
    }),
  )
}

/** The reader of a request's source messages, for the stores of its targets. */
export function messageReaderOf(
  { sourceQueue }: Pick<RedriveRequest, 'sourceQueue'>,
  { readSourceMessage }: Pick<RedriveContext, 'readSourceMessage'>,
): RawToDeadLetters | undefined {
  return readSourceMessage && (message => readSourceMessage(message, sourceQueue))
}

async function withConnections<T>(
  { config, warn }: RedriveContext,
  run: (producer: RedriveOptions['producer'], reader: LogReader) => Promise<T>,
): Promise<T> {
  const producer = createDeadLetterProducer(config)
  const { reader, closeReader } = createLogReader(config, { warn })
  try {
    return await run(producer, reader)
  } finally {
    await Promise.all([producer.close(), closeReader()])
  }
}

function optionsOf(
  request: RedriveRequest,
  { contracts, deadline, signal, onProgress }: RedriveContext,
  producer: RedriveOptions['producer'],
  reader: LogReader,
): RedriveOptions {
  const { deadLetterId, topic, error, since, until, limit, rate, maxAttempts } = request
  const optional = { deadLetterId, topic, error, since, until, limit, rate, maxAttempts, deadline, signal, onProgress }
  const defined = Object.fromEntries(
    Object.entries(optional).filter(([, value]) => value !== undefined),
  ) as Partial<RedriveOptions>
  const { dryRun, timestamp, invalid, verify } = request
  return {
    ...defined,
    producer,
    dryRun,
    timestamp,
    ...(invalid ? { contracts } : {}),
    ...(verify ? { log: reader } : {}),
  }
}

/** A record that is older than its topic's retention is dropped soon after it is sent. */
async function warnOfRetention(
  results: readonly RedriveResult[],
  reader: LogReader,
  warn: (text: string) => void,
): Promise<void> {
  const oldest = new Map<string, number>()
  for (const result of results)
    for (const [topic, at] of Object.entries(result.oldest)) oldest.set(topic, Math.min(at, oldest.get(topic) ?? at))
  if (oldest.size === 0) return
  const settings = await reader.settings([...oldest.keys()], ['retention.ms']).catch(() => undefined)
  if (!settings) return warn('The topics’ retention could not be read; records older than it would be dropped at once.')
  for (const [topic, at] of oldest) {
    const retention = Number(settings.get(topic)?.get('retention.ms') ?? Number.NaN)
    if (retention >= 0 && Date.now() - at > retention)
      warn(
        `${topic} keeps records for ${Math.round(retention / 3_600_000)} h, and some dead letters are older: ` +
          'sent with their original timestamps they are dropped soon. --timestamp now keeps them.',
      )
  }
}
