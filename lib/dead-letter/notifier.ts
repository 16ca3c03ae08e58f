// Notifies SNS topics and event buses of dead letters after they are stored. A failed notification is reported and
// changes no fate. Limits (10 entries, 256 KB): docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html and
// docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
import type { NotifyTargets } from '../config/settings.ts'
import { ifMissing, requirePackages } from '../optional-packages.ts'
import { abortAfter } from './aws-clients.ts'
import type { DeadLetter } from './dead-letter.ts'
import { inChunks } from './in-parallel.ts'

export interface StoredNote {
  readonly deadLetter: DeadLetter
  readonly location: string
}

export interface Notifier {
  /** Notifies once, without a retry. @throws the service's error */
  notify(notes: readonly StoredNote[], ms: number): Promise<void>
}

const BATCH = 10
const requestHandler = { connectionTimeout: 500 }
const SOURCE = 'serverless-kafka-producer'

/** @throws ConfigError if a package that one of them needs is not installed */
export function notifiersOf(targets: NotifyTargets): Notifier[] {
  for (const { kind } of targets) requirePackages(kind)
  return targets.map(target => (target.kind === 'sns' ? new SnsNotifier(target.topicArn) : new BusNotifier(target.bus)))
}

/** Builds the content of a notification, which has no key, value or header of the record. */
function summary({ deadLetter, location }: StoredNote): string {
  const { deadLetterId, recordId, record, source, failure } = deadLetter
  const { kind, outcome, code, attempts, lastAt } = failure
  return JSON.stringify({
    deadLetterId,
    recordId,
    location,
    topic: record.topic,
    trigger: source.trigger,
    function: source.function,
    kind,
    outcome,
    code,
    attempts,
    lastAt,
  })
}

class SnsNotifier implements Notifier {
  readonly #topicArn: string

  constructor(topicArn: string) {
    this.#topicArn = topicArn
  }

  async notify(notes: readonly StoredNote[], ms: number): Promise<void> {
    const sns = await import('@aws-sdk/client-sns').catch(ifMissing('sns'))
    const client = new sns.SNSClient({ region: this.#topicArn.split(':')[3] as string, requestHandler, maxAttempts: 1 })
    try {
      for (const ten of inChunks(notes, BATCH)) {
        const entries = ten.map((note, index) => ({
          Id: String(index),
          Message: summary(note),
          MessageAttributes: { code: { DataType: 'String', StringValue: note.deadLetter.failure.code } },
        }))
        const { Failed = [] } = await client.send(
          new sns.PublishBatchCommand({ TopicArn: this.#topicArn, PublishBatchRequestEntries: entries }),
          abortAfter(ms),
        )
        if (Failed.length > 0) throw new Error(Failed[0]?.Code)
      }
    } finally {
      client.destroy()
    }
  }
}

class BusNotifier implements Notifier {
  readonly #bus: string

  constructor(bus: string) {
    this.#bus = bus
  }

  async notify(notes: readonly StoredNote[], ms: number): Promise<void> {
    const events = await import('@aws-sdk/client-eventbridge').catch(ifMissing('eventbridge'))
    const client = new events.EventBridgeClient({ requestHandler, maxAttempts: 1 })
    try {
      for (const ten of inChunks(notes, BATCH)) {
        const Entries = ten.map(note => ({
          EventBusName: this.#bus,
          Source: SOURCE,
          DetailType: 'Kafka dead letter',
          Detail: summary(note),
        }))
        const { FailedEntryCount = 0, Entries: answers = [] } = await client.send(
          new events.PutEventsCommand({ Entries }),
          abortAfter(ms),
        )
        if (FailedEntryCount > 0) throw new Error(answers.find(({ ErrorCode }) => ErrorCode)?.ErrorCode)
      }
    } finally {
      client.destroy()
    }
  }
}
