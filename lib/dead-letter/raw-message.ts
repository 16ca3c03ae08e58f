// A message of a queue in which SQS, Lambda or EventBridge keep what they stopped retrying. How it is read depends on
// the queue and never on the body, because anybody who may send to a source queue can write any body.
import type { DeadLetter } from './dead-letter.ts'
import type { LambdaFunction } from './lambda-function.ts'

/** An attribute of an SQS message, in the form of the SQS API. */
export interface MessageAttribute {
  readonly DataType: string | undefined
  readonly StringValue?: string | undefined
  readonly BinaryValue?: Uint8Array | undefined
}

export interface RawMessage {
  readonly messageId: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
  readonly messageAttributes: Readonly<Record<string, MessageAttribute>>
}

/** The role of the queue that holds a message. */
export type MessageRole =
  /**
   * @property sourceQueue the ARN or name of the queue that the message was sent to, if the message does not name it
   */
  | { readonly kind: 'source-dlq'; readonly sourceQueue?: string | undefined }
  /**
   * @property lambda accept only records of this function's failed invocations; undefined accepts events of rules too
   */
  | { readonly kind: 'failure-destination'; readonly lambda?: LambdaFunction }

/** Converts messages of source DLQs and failure destinations to the dead letters of their records. */
export interface SourceMessageReader {
  /** The queues whose messages contracts claim. */
  readonly queues: readonly string[]
  /** @throws KafkaProducerError with the reason why the message can't be read */
  read(message: RawMessage, role: MessageRole): readonly DeadLetter[]
}

/** The last part of a queue's ARN or URL, or the name itself. */
export function queueName(queue: string): string {
  return queue.slice(Math.max(queue.lastIndexOf(':'), queue.lastIndexOf('/')) + 1)
}
