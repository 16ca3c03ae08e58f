// A redrive of one request, from each of its targets in turn. The function and the command line are both this.
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { createDeadLetterProducer } from '../../lib/create-dead-letter-publisher.ts'
import { createLogReader, deadLetterTopicsOf, openDeadLetterStores } from '../../lib/redrive/open-dead-letters.ts'
import { type RedriveOptions, type RedriveResult, redrive } from '../../lib/redrive/redrive.ts'
import type { Deadline } from '../../lib/time/deadline.ts'
import type { RedriveRequest } from './redrive-request.ts'
import { rawToDeadLetters } from './to-dead-letters.ts'

export interface RedriveContext {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
  readonly onProgress?: (result: RedriveResult) => void
  /** Told of records that their topic's retention would drop at once. */
  readonly warn?: (text: string) => void
}

/** One result per target, in their order. */
export async function runRedrive(request: RedriveRequest, context: RedriveContext): Promise<RedriveResult[]> {
  const { config, contracts } = context
  const chain = request.from ?? config.deadLetter
  const producer = createDeadLetterProducer(config)
  const { reader, closeReader } = createLogReader(config)
  const toDeadLetters = rawToDeadLetters({
    contracts,
    defaultTopic: config.defaultTopic,
    maxRequestSize: config.maxRequestSize,
    sourceQueue: request.sourceQueue,
  })
  const options = optionsOf(request, context, producer)
  try {
    const results: RedriveResult[] = []
    for (const target of chain) {
      const store = openDeadLetterStores(target, config, toDeadLetters)
      try {
        results.push(
          await redrive(store, {
            ...options,
            isDeadLetterTopic: deadLetterTopicsOf(chain),
            ...(request.verify ? { log: reader } : {}),
          }),
        )
      } finally {
        await store.close()
      }
      if (results.at(-1)?.stopped !== undefined) break
    }
    if (request.dryRun && request.timestamp === 'original')
      await warnOfRetention(results, reader, context.warn ?? (() => {}))
    return results
  } finally {
    await Promise.all([producer.close(), closeReader()])
  }
}

export function optionsOf(
  { deadLetterId, topic, error, since, until, limit, rate, dryRun, invalid, timestamp, maxAttempts }: RedriveRequest,
  context: RedriveContext,
  producer: RedriveOptions['producer'],
): RedriveOptions {
  const { contracts, deadline, signal, onProgress } = context
  const given = { deadLetterId, topic, error, since, until, limit, rate, maxAttempts, deadline, signal, onProgress }
  const set = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Partial<RedriveOptions>
  return { ...set, producer, dryRun, timestamp, ...(invalid ? { contracts } : {}) }
}

/** A record that is older than its topic keeps records is gone soon after it was sent. */
async function warnOfRetention(
  results: readonly RedriveResult[],
  reader: ReturnType<typeof createLogReader>['reader'],
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
        `${topic} keeps records for ${Math.round(retention / 3_600_000)} h, and some dead letters are older: sent with their original timestamps they are dropped soon. --timestamp now keeps them.`,
      )
  }
}
