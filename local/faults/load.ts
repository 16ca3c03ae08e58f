// The sender of a load, in a process of its own so that it can be frozen and killed. It writes a ledger: before each
// send the records that it is about to send, afterwards what was reported. Its argument is a `SenderSpec` as JSON.
import { openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { createDeadLetterPublisher } from '../../lib/create-dead-letter-publisher.ts'
import { publishFailures } from '../../lib/dead-letter/publish-failures.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'
import { DELIVERY_MS } from './load.settings.ts'
import type { Driver } from './sender-load.ts'

/**
 * A ledger line of a record: before the send its intent, afterwards its reported fate. `ignored`: the caller did not
 * look at the result.
 */
export interface Line {
  readonly id: string
  readonly at: number
  readonly fate?: 'acked' | 'dead-lettered' | 'returned' | 'ignored'
  readonly unknown?: boolean
  readonly partition?: number
  readonly offset?: string
}

const RECORDS = 12

/** What a sender sends, where, and how. */
export interface SenderSpec {
  readonly ledger: string
  readonly servers: string
  readonly topic: string
  /** The first part of its record ids. */
  readonly run: string
  readonly driver: Driver
  /** The value of `KAFKA_DEAD_LETTER`. */
  readonly deadLetter: string
  /** The number of concurrent callers. */
  readonly callers: number
  /** The pause between two calls of a caller, ms. */
  readonly pauseMs: number
  /** Settings of this project's producer, in addition to those of all loads. */
  readonly settings: ProducerOptions
}

const spec = JSON.parse(process.argv[2] as string) as SenderSpec
const { servers, topic, run, driver, deadLetter } = spec
const ledger = openSync(spec.ledger, 'a')
const write = (lines: readonly Line[]) => writeSync(ledger, lines.map(line => `${JSON.stringify(line)}\n`).join(''))

type Outcome = Omit<Line, 'id' | 'at'>
type Send = (records: readonly { id: string; key: string }[]) => Promise<Outcome[]>

function withLibrary(): Send {
  const isOff = deadLetter === 'none'
  const config = parseConfig(
    {
      bootstrapServers: servers,
      deliveryTimeoutMs: DELIVERY_MS,
      requestTimeoutMs: 2500,
      ackTimeoutMs: 2000,
      deadLetter,
      onFailureHttp: 'return',
      ...spec.settings,
    },
    {},
  )
  const producer = new KafkaProducer(config, { client: createKafkaJsClient(config) })
  const deadLetters = createDeadLetterPublisher(config)
  return async records => {
    const reports = await producer.sendAll(
      records.map(({ id, key }) => ({ topic, key, value: id, headers: [['kp-id', Buffer.from(id)]] as const })),
    )
    const idOf = (index: number) => (records[index] as { id: string }).id
    const fates = isOff
      ? new Map()
      : await publishFailures(reports, {
          deadLetters,
          idOf,
          sourceOf: index => ({
            trigger: 'template',
            id: idOf(index),
            index,
            function: null,
            arn: null,
            receiveCount: null,
          }),
          onFailure: () => {},
        })
    return reports.map((report, index): Outcome => {
      if (report.kind === 'delivered')
        return {
          fate: 'acked',
          partition: report.metadata.partition,
          ...(report.metadata.offset === null ? {} : { offset: String(report.metadata.offset) }),
        }
      const unknown = report.outcome === 'unknown'
      // The control without dead letters, in which the caller ignores the result.
      if (isOff) return { fate: 'ignored', unknown }
      return { fate: fates.get(index)?.fate === 'dead-lettered' ? 'dead-lettered' : 'returned', unknown }
    })
  }
}

/** Sends with kafkajs, used as documented. A record that it rejects may still be written. */
async function withKafkaJs(acks: number, idempotent = false): Promise<Send> {
  const kafka = new Kafka({
    brokers: servers.split(','),
    logLevel: logLevel.NOTHING,
    requestTimeout: 5000,
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2000 },
  })
  const producer = kafka.producer({ idempotent, createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return async records => {
    const outcome = await producer
      .send({ topic, acks, timeout: 4000, messages: records.map(({ id, key }) => ({ key, value: id })) })
      .then(
        (): Outcome => ({ fate: 'acked' }),
        (): Outcome => ({ fate: 'returned', unknown: true }),
      )
    return records.map(() => outcome)
  }
}

const DRIVERS: Readonly<Record<Driver, () => Send | Promise<Send>>> = {
  ours: withLibrary,
  kafkajs: () => withKafkaJs(-1),
  'kafkajs-acks-1': () => withKafkaJs(1),
  'kafkajs-idempotent': () => withKafkaJs(-1, true),
}
const send = await DRIVERS[driver]()
let stopping = false
process.on('SIGTERM', () => {
  stopping = true
})

async function call(caller: number): Promise<void> {
  for (let n = 0; !stopping; n++) {
    const records = Array.from({ length: RECORDS }, (_, key) => ({
      id: `${run}-c${caller}k${key}:${n}`,
      key: `${run}-c${caller}k${key}`,
    }))
    write(records.map(({ id }) => ({ id, at: Date.now() })))
    const outcomes = await send(records)
    write(outcomes.map((outcome, index) => ({ id: (records[index] as { id: string }).id, at: Date.now(), ...outcome })))
    if (spec.pauseMs > 0) await pause(spec.pauseMs)
  }
}

console.log('sending')
await Promise.all(Array.from({ length: spec.callers }, (_, caller) => call(caller)))
process.exit(0)
