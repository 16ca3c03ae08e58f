// A client for one SQS queue. It receives, deletes and hides messages in batches of ten, and checks the result of each
// entry.
import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs'
import { DeadLetterError } from '../../errors.ts'
import { abortAfter, loadSqs, type Sqs } from '../aws-clients.ts'
import { inChunks, inParallel } from '../in-parallel.ts'

const BATCH = 10
const CALL_MS = 30_000

export interface QueueCounts {
  readonly visible: number
  /** Messages in flight: received and not deleted. */
  readonly received: number
  readonly delayed: number
}

export interface NewMessage {
  readonly body: string
  readonly attributes?: Record<string, MessageAttributeValue> | undefined
  /** Only for a FIFO queue. */
  readonly group?: string
  /** Only for a FIFO queue. */
  readonly deduplicationId?: string
}

export class SqsQueue {
  readonly url: string
  #sqs: Promise<Sqs> | undefined

  constructor(url: string) {
    this.url = url
  }

  get isFifo(): boolean {
    return this.url.endsWith('.fifo')
  }

  /** Receives up to ten messages. @param visibilityS hides them from others for so long, seconds */
  async receive(visibilityS: number, waitS: number): Promise<Message[]> {
    const { Messages = [] } = await this.#call(({ sqs, client }, options) =>
      client.send(
        new sqs.ReceiveMessageCommand({
          QueueUrl: this.url,
          MaxNumberOfMessages: BATCH,
          WaitTimeSeconds: waitS,
          VisibilityTimeout: visibilityS,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
        options,
      ),
    )
    return Messages
  }

  /** @returns the id of the message */
  async send({ body, attributes, group, deduplicationId }: NewMessage): Promise<string | undefined> {
    const { MessageId } = await this.#call(({ sqs, client }, options) =>
      client.send(
        new sqs.SendMessageCommand({
          QueueUrl: this.url,
          MessageBody: body,
          MessageAttributes: attributes,
          MessageGroupId: group,
          MessageDeduplicationId: deduplicationId,
        }),
        options,
      ),
    )
    return MessageId
  }

  /** @returns per receipt handle, in order: whether SQS deleted the message */
  delete(receiptHandles: readonly string[]): Promise<boolean[]> {
    return this.#inTens(receiptHandles, ({ sqs, client }, Entries, options) =>
      client.send(new sqs.DeleteMessageBatchCommand({ QueueUrl: this.url, Entries }), options),
    )
  }

  /**
   * Hides messages from other readers for this time from now on; 0 makes them visible again.
   * @param signal ends all calls; default: each call ends after 30 s
   * @returns per receipt handle, in order: whether SQS did it
   */
  hide(receiptHandles: readonly string[], seconds: number, signal?: AbortSignal): Promise<boolean[]> {
    return this.#inTens(receiptHandles, ({ sqs, client }, entries, options) =>
      client.send(
        new sqs.ChangeMessageVisibilityBatchCommand({
          QueueUrl: this.url,
          Entries: entries.map(entry => ({ ...entry, VisibilityTimeout: seconds })),
        }),
        signal === undefined ? options : { abortSignal: signal },
      ),
    )
  }

  async counts(): Promise<QueueCounts> {
    const { Attributes = {} } = await this.#call(({ sqs, client }, options) =>
      client.send(
        new sqs.GetQueueAttributesCommand({
          QueueUrl: this.url,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
        options,
      ),
    )
    return {
      visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      received: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    }
  }

  async close(): Promise<void> {
    const pending = this.#sqs
    this.#sqs = undefined
    ;(await pending)?.client.destroy()
  }

  async #inTens(
    receiptHandles: readonly string[],
    send: (
      sqs: Sqs,
      entries: { Id: string; ReceiptHandle: string }[],
      options: { readonly abortSignal: AbortSignal },
    ) => Promise<{ readonly Successful?: { readonly Id?: string | undefined }[] | undefined }>,
  ): Promise<boolean[]> {
    const results = await inParallel(inChunks(receiptHandles, BATCH), async handles => {
      const entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }))
      const { Successful = [] } = await this.#call((sqs, options) => send(sqs, entries, options))
      // An entry that is missing in the response counts as failed.
      const successful = new Set(Successful.map(({ Id }) => Id))
      return entries.map(({ Id }) => successful.has(Id))
    })
    return results.flat()
  }

  /** @throws DeadLetterError `not-found` for a queue that does not exist, else `dead-letter` */
  async #call<T>(send: (sqs: Sqs, options: { readonly abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    this.#sqs ??= loadSqs(this.url)
    try {
      return await send(await this.#sqs, abortAfter(CALL_MS))
    } catch (cause) {
      const code = codeOf(cause)
      if (/NonExistentQueue|QueueDoesNotExist/.test(code))
        throw new DeadLetterError('not-found', 'The SQS queue does not exist.', { causeCode: code, cause })
      const options = { retriable: true, causeCode: code, cause }
      throw new DeadLetterError('dead-letter', `The SQS queue can’t be used (${code}).`, options)
    }
  }
}

/** Returns the error code of the service or the network, never the message, which quotes the queue's URL. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error'
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return code
  return error.name === 'Error' && error.cause !== undefined ? codeOf(error.cause) : error.name
}
