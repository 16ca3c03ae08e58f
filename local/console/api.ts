// The requests of the console page. Responses contain payloads only if the request asks for them.
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import type { OpenDeadLetter } from '../../lib/dead-letter/dead-letter-store.ts'
import { ConfigError } from '../../lib/errors.ts'
import { listDeadLetters } from '../../lib/redrive/list-dead-letters.ts'
import { withClaim } from '../../lib/redrive/read-claim.ts'
import type { RedriveResult } from '../../lib/redrive/redrive.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { allowedSources, configuredSources } from '../../lib/redrive/redrive-sources.ts'
import { runRedrive } from '../../lib/redrive/run-redrive.ts'
import { DeadLetterGroups, matches } from '../../lib/redrive/select-dead-letters.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import type { LogReader } from '../../lib/transport/kafkajs/log-reader.ts'
import { queueDepth } from '../sqs/queue-contents.ts'

export interface ConsoleContext {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly reader: LogReader
  /** URL of the gateway, which the form sends records to. */
  readonly gateway: string
  readonly sqs: SQSClient
  readonly queues: readonly { readonly name: string; readonly url: string }[]
  /** Undefined if the cluster is the user's own. */
  readonly brokers?: { stop(): Promise<unknown>; start(): Promise<unknown> }
  /** Warm sandboxes and invocations in progress, by function. */
  readonly functions: () => Readonly<Record<string, { readonly warm: number; readonly busy: number }>>
}

const PAGE = 100
/** How long the page waits for a count while brokers are down, ms. */
const COUNT_MS = 1000

export class ConsoleApi {
  readonly #context: ConsoleContext

  constructor(context: ConsoleContext) {
    this.#context = context
  }

  /** @returns one page of open dead letters, newest first, and their number by topic and error */
  async deadLetters(query: URLSearchParams): Promise<object> {
    const all = await this.#open()
    const [topic, error] = [query.get('topic'), query.get('error')]
    const filter = { ...(topic ? { topics: [topic] } : {}), ...(error ? { errors: [error] } : {}) }
    const groups = new DeadLetterGroups()
    for (const { deadLetter } of all) groups.add(deadLetter)
    const matched = all
      .filter(({ deadLetter }) => matches(deadLetter, filter))
      .sort((a, b) => (a.deadLetter.failure.lastAt < b.deadLetter.failure.lastAt ? 1 : -1))
    const from = Math.max(0, Number(query.get('from')) || 0)
    return {
      total: matched.length,
      inQueues: await this.#messagesInSources(),
      from,
      page: PAGE,
      groups: groups.list(),
      deadLetters: matched.slice(from, from + PAGE).map(summary),
    }
  }

  /** @returns undefined when no open dead letter has this id */
  async deadLetter(deadLetterId: string, payload: boolean): Promise<object | undefined> {
    const open = (await this.#open()).find(({ deadLetter }) => deadLetter.deadLetterId === deadLetterId)
    if (!open) return undefined
    const deadLetter = payload ? await withClaim(open.deadLetter, this.#context.config.deadLetter) : open.deadLetter
    const { key, value, headers } = deadLetter.record
    return {
      ...summary(open),
      ...(payload
        ? { key, value, headers }
        : {
            headers: headers.map(({ name }) => ({ name })),
            valueBytes: value === null ? null : Buffer.byteLength(value, 'base64'),
          }),
      source: deadLetter.source,
      failure: deadLetter.failure,
      redrive: deadLetter.redrive,
    }
  }

  async redrive(body: unknown): Promise<{ results: RedriveResult[]; warnings: string[] }> {
    const { config, contracts } = this.#context
    const warnings: string[] = []
    const readSourceMessage = createSourceMessageReader(contracts, config)
    const context = { config, contracts, readSourceMessage, warn: (text: string) => warnings.push(text) }
    return {
      results: await runRedrive(parseRedriveRequest(body, allowedSources(config, readSourceMessage)), context),
      warnings,
    }
  }

  /** Sends a record through the HTTP function, as any caller does. */
  async send({ topic, body }: { topic?: unknown; body?: unknown }): Promise<object> {
    const response = await fetch(`${this.#context.gateway}/topics/${encodeURIComponent(String(topic))}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: response.status, body: await response.json() }
  }

  /** Stops or starts every broker, to show what happens to records without them. */
  async brokers(action: unknown): Promise<object> {
    const { brokers } = this.#context
    if (!brokers)
      throw new ConfigError([
        'brokers: expected a local cluster, got the cluster of KAFKA_BOOTSTRAP_SERVERS, which the console never stops.',
      ])
    if (action !== 'stop' && action !== 'start')
      throw new ConfigError([`action: expected stop or start, got ${JSON.stringify(action)}.`])
    await (action === 'stop' ? brokers.stop() : brokers.start())
    return { action }
  }

  async counters(): Promise<object> {
    const { contracts, queues, functions, brokers } = this.#context
    const [topics, depths, deadLetters] = await Promise.all([
      Promise.all([...contracts.keys()].map(async topic => [topic, await this.#recordsIn(topic)] as const)),
      Promise.all(queues.map(async ({ name, url }) => [name, await queueDepth(this.#context.sqs, url)] as const)),
      this.#open(),
    ])
    return {
      canStop: brokers !== undefined,
      topics: Object.fromEntries(topics),
      queues: Object.fromEntries(depths),
      deadLetters: deadLetters.length,
      functions: functions(),
    }
  }

  /** Those in targets: to list the messages of a source DLQ is to receive them, and to hide them from a redrive. */
  #open(): Promise<OpenDeadLetter[]> {
    const { config } = this.#context
    return Array.fromAsync(listDeadLetters({ from: config.deadLetter }, this.#context))
  }

  /** The number of messages in the source DLQs and failure destinations that a redrive reads. */
  async #messagesInSources(): Promise<number> {
    const { config, contracts, sqs } = this.#context
    const sources = configuredSources(config, createSourceMessageReader(contracts, config))
    const urls = sources.flatMap(source => ('queueUrl' in source && source.kind !== 'sqs' ? [source.queueUrl] : []))
    const depths = await Promise.all(urls.map(url => queueDepth(sqs, url)))
    return depths.reduce((sum, depth) => sum + depth, 0)
  }

  /** @returns null while no broker responds */
  async #recordsIn(topic: string): Promise<number | null> {
    const { reader } = this.#context
    try {
      const partitions = await reader.partitions(topic, COUNT_MS)
      const ends = await Promise.all(
        Array.from({ length: partitions }, (_, partition) => reader.end(topic, partition, COUNT_MS)),
      )
      return Number(ends.reduce((sum, end) => sum + end, 0n))
    } catch {
      return null
    }
  }
}

function summary({ deadLetter, location }: OpenDeadLetter): object {
  const { deadLetterId, recordId, record, source, failure, redrive } = deadLetter
  const { code, kind, outcome, lastAt, attempts } = failure
  return {
    deadLetterId,
    recordId,
    location,
    topic: record.topic,
    trigger: source.trigger,
    error: code,
    kind,
    outcome,
    lastAt,
    attempts,
    redrives: redrive.count,
  }
}
