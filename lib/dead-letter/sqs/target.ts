// Stores dead letters in an SQS queue, in batches of ten, and checks the result of each entry. The client is loaded on
// first use. Limits: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
import { DeadLetterError } from '../../errors.ts'
import { requirePackages } from '../../optional-packages.ts'
import type { Deadline } from '../../time/deadline.ts'
import { abortAfter, loadSqs, type Sqs } from '../aws-clients.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  DEAD_LETTER_TOO_LARGE,
  type DeadLetterTarget,
  type DeadLetterTargetKind,
  NOTE_BYTES,
  type StoreResult,
} from '../dead-letter-target.ts'
import { inParallel } from '../in-parallel.ts'
import { queueUrlIn } from './message-queues.ts'

/** The limit of a message and of a batch in bytes, with attributes. */
const MAX_BYTES = 1_048_576
const MAX_ENTRIES = 10

export interface SqsTargetConfig {
  readonly kind: 'sqs'
  readonly queueUrl: string
}

export const sqs: DeadLetterTargetKind<SqsTargetConfig> = {
  syntax: 'sqs:<queue URL>',
  parse: (text, { use, problem }) => {
    if (queueUrlIn(text)?.search !== '') return undefined
    if (text.endsWith('.fifo'))
      problem(
        use === 'write'
          ? 'expected a standard queue, got a FIFO queue: dead letters have no order, and it would drop repeated ones.'
          : 'expected a standard queue, got a FIFO queue; read the DLQ of a FIFO queue as source-dlq:.',
      )
    return { kind: 'sqs', queueUrl: text }
  },
}

export function createSqsTarget({ queueUrl }: SqsTargetConfig): SqsDeadLetterTarget {
  requirePackages('sqs')
  return new SqsDeadLetterTarget(queueUrl)
}

export class SqsDeadLetterTarget implements DeadLetterTarget {
  readonly #queueUrl: string
  #client: Promise<Sqs> | undefined

  constructor(queueUrl: string) {
    this.#queueUrl = queueUrl
  }

  /** @returns locations `sqs:<message id>` */
  async store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    const results: StoreResult[] = new Array(deadLetters.length)
    const batches = inBatches(deadLetters.map(toEntry), index => {
      results[index] = new DeadLetterError(
        DEAD_LETTER_TOO_LARGE,
        `A dead letter exceeds the size limit of an SQS message (${MAX_BYTES} bytes).`,
      )
    })
    await inParallel(batches, batch => this.#send(batch, results, deadline))
    return results
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  async #send(entries: readonly SqsEntry[], results: StoreResult[], deadline: Deadline): Promise<void> {
    try {
      this.#client ??= loadSqs(this.#queueUrl)
      const { sqs, client } = await this.#client
      const command = new sqs.SendMessageBatchCommand({
        QueueUrl: this.#queueUrl,
        Entries: entries.map(({ entry }) => entry),
      })
      const { Successful = [], Failed = [] } = await client.send(command, abortAfter(deadline.remaining))
      const locations = new Map(Successful.map(({ Id, MessageId }) => [Id, MessageId]))
      const codes = new Map(Failed.map(({ Id, Code }) => [Id, Code]))
      for (const { index, entry } of entries) {
        const messageId = locations.get(entry.Id)
        // An entry that is missing in the response counts as not stored.
        results[index] = messageId === undefined ? failed(codes.get(entry.Id) ?? 'NoEntry') : `sqs:${messageId}`
      }
    } catch (cause) {
      for (const { index } of entries) results[index] = failed(cause instanceof Error ? cause.name : 'Error', cause)
    }
  }
}

export interface SqsEntry {
  readonly index: number
  /** An entry of SendMessageBatch. */
  readonly entry: {
    readonly Id: string
    readonly MessageBody: string
    readonly MessageAttributes: Record<string, { readonly DataType: string; readonly StringValue: string }>
  }
  readonly bytes: number
}

/** Builds the message of a dead letter. */
export function toEntry(deadLetter: DeadLetter, index: number): SqsEntry {
  const attributes = {
    topic: deadLetter.record.topic ?? '',
    code: deadLetter.failure.code,
    outcome: deadLetter.failure.outcome,
    deadLetterId: deadLetter.deadLetterId,
  }
  const named = Object.entries(attributes).filter(([, value]) => value !== '')
  const body = JSON.stringify(deadLetter)
  const bytes =
    Buffer.byteLength(body) +
    named.reduce((sum, [name, value]) => sum + name.length + 'String'.length + Buffer.byteLength(value), 0)
  const MessageAttributes = Object.fromEntries(
    named.map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  )
  return { index, bytes, entry: { Id: String(index), MessageBody: body, MessageAttributes } }
}

function inBatches(entries: readonly SqsEntry[], onTooLarge: (index: number) => void): SqsEntry[][] {
  const batches: SqsEntry[][] = []
  let room = 0
  for (const entry of entries) {
    if (entry.bytes > MAX_BYTES - NOTE_BYTES) {
      onTooLarge(entry.index)
      continue
    }
    const last = batches.at(-1)
    if (last && last.length < MAX_ENTRIES && entry.bytes <= room) {
      last.push(entry)
      room -= entry.bytes
    } else {
      batches.push([entry])
      room = MAX_BYTES - entry.bytes
    }
  }
  return batches
}

/** Reports the service's error code, never its message, which quotes the queue's URL. */
function failed(code: string, cause?: unknown): DeadLetterError {
  return new DeadLetterError('dead-letter', `The SQS target did not store a dead letter (${code}).`, {
    retriable: true,
    cause,
  })
}
