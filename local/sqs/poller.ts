// Does what Lambda's event source mapping does for a queue: receives messages, invokes the function, and deletes the
// messages that the response does not list as failed. Source:
// docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { setTimeout as pause } from 'node:timers/promises'
import {
  DeleteMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { LOCAL_REGION, queueArn } from './elasticmq.ts'

export interface PollerOptions {
  readonly client: SQSClient
  readonly queueUrl: string
  readonly queue: string
  readonly invoke: (event: unknown) => Promise<unknown>
  /** Maximum number of messages per batch; at most 10 for a FIFO queue. */
  readonly batchSize?: number
  /** How long to collect messages for a batch of a standard queue, ms. */
  readonly windowMs?: number
  /** Maximum number of batches in flight. */
  readonly concurrency?: number
  readonly onError?: (error: unknown) => void
}

const MAX_RECEIVE = 10
const WAIT_S = 1
const PAUSE_MS = 200

export class SqsPoller {
  readonly #options: Required<PollerOptions>
  readonly #work: Promise<void>[]
  readonly #stopping = new AbortController()

  constructor(options: PollerOptions) {
    const isFifo = options.queue.endsWith('.fifo')
    const { batchSize = MAX_RECEIVE, windowMs = 0, concurrency = 2, onError = () => {} } = options
    this.#options = {
      ...options,
      batchSize: isFifo ? Math.min(batchSize, MAX_RECEIVE) : batchSize,
      windowMs: isFifo ? 0 : windowMs,
      concurrency,
      onError,
    }
    this.#work = Array.from({ length: concurrency }, () => this.#poll())
  }

  /** Waits for the batches in flight. Messages that these don't delete become visible again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#work)
  }

  async #poll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const messages = await this.#gather()
        if (messages.length > 0) await this.#handle(messages)
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#options.onError(error)
        await pause(PAUSE_MS)
      }
    }
  }

  async #gather(): Promise<Message[]> {
    const { batchSize, windowMs } = this.#options
    const messages = await this.#receive(Math.min(batchSize, MAX_RECEIVE))
    const end = Date.now() + windowMs
    while (messages.length > 0 && messages.length < batchSize && Date.now() < end)
      messages.push(...(await this.#receive(Math.min(batchSize - messages.length, MAX_RECEIVE), 0)))
    return messages
  }

  async #receive(maxMessages: number, waitS = WAIT_S): Promise<Message[]> {
    const { client, queueUrl } = this.#options
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: maxMessages,
      WaitTimeSeconds: waitS,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    })
    const { Messages = [] } = await client.send(command, { abortSignal: this.#stopping.signal })
    return Messages
  }

  async #handle(messages: readonly Message[]): Promise<void> {
    const failed = failedIds(await this.#options.invoke(toEvent(messages, this.#options.queue)), messages)
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId as string))
    for (let at = 0; at < done.length; at += MAX_RECEIVE) {
      const Entries = done
        .slice(at, at + MAX_RECEIVE)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
      await this.#options.client.send(new DeleteMessageBatchCommand({ QueueUrl: this.#options.queueUrl, Entries }))
    }
  }
}

/** @throws Error for a response that Lambda treats as a failure of the whole batch */
function failedIds(answer: unknown, messages: readonly Message[]): Set<string> {
  const failures = (answer as { batchItemFailures?: unknown } | null | undefined)?.batchItemFailures ?? []
  if (!Array.isArray(failures))
    throw new Error('batchItemFailures: expected a list. The whole batch goes back to the queue.')
  const ids = failures.map(failure => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier)
  const batchIds = new Set(messages.map(({ MessageId }) => MessageId as string))
  if (!ids.every((id): id is string => typeof id === 'string' && batchIds.has(id)))
    throw new Error('batchItemFailures: expected only ids of the batch. The whole batch goes back to the queue.')
  return new Set(ids)
}

function toEvent(messages: readonly Message[], queue: string): { Records: unknown[] } {
  const Records = messages.map(({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {}, MD5OfBody }) => ({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body ?? '',
    attributes: Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, value]) => [name, toAttribute(value)]),
    ),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(queue),
    awsRegion: LOCAL_REGION,
  }))
  return { Records }
}

function toAttribute({ DataType, StringValue, BinaryValue }: MessageAttributeValue) {
  return {
    dataType: DataType,
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
  }
}
