// A message of a queue that may hold other messages than dead letters: a source DLQ or a failure destination.
import type { Message } from '@aws-sdk/client-sqs'
import type { DeadLetter } from './dead-letter.ts'

export interface RawMessage {
  readonly messageId: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
  readonly messageAttributes: NonNullable<Message['MessageAttributes']>
}

export type RawToDeadLetters = (message: RawMessage) => readonly DeadLetter[]
