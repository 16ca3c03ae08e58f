// Reads a message by the role of its queue and not by its body: anybody who may send to a source queue can imitate a
// dead letter or Lambda's record of a failed event.
import { KafkaProducerError } from '../../errors.ts'
import type { DeadLetter } from '../dead-letter.ts'
import { type MessageRole, queueName, type RawMessage, type SourceMessageReader } from '../raw-message.ts'
import { parseDeadLetter } from '../read-dead-letter.ts'

/** `sqs`: a dead-letter target, whose messages are checked as any envelope. */
export type QueueRole = MessageRole | { readonly kind: 'sqs' }

export type MessageReading =
  | { readonly kind: 'dead-letters'; readonly deadLetters: readonly DeadLetter[] }
  /** The message stays in the queue. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Never throws, so that an invalid message does not stop the others. */
export function readMessage(
  message: RawMessage,
  role: QueueRole,
  reader: SourceMessageReader | undefined,
): MessageReading {
  if (role.kind === 'sqs') return readEnvelope(message, reader)
  if (!reader) return unreadable('no contracts are loaded to read it with')
  try {
    return { kind: 'dead-letters', deadLetters: reader.read(message, role) }
  } catch (error) {
    return unreadable(error instanceof KafkaProducerError ? error.message : `it can’t be read (${nameOf(error)})`)
  }
}

function readEnvelope({ body, attributes }: RawMessage, reader: SourceMessageReader | undefined): MessageReading {
  const { DeadLetterQueueSourceArn: arn } = attributes
  if (arn !== undefined && reader?.queues.includes(queueName(arn)))
    return unreadable('it came from a source queue; read this queue as source-dlq:')
  const result = parseDeadLetter(body)
  if (result.kind === 'dead-letter') return { kind: 'dead-letters', deadLetters: [result.deadLetter] }
  return unreadable(result.kind === 'foreign' ? 'no dead letter' : result.reason)
}

function unreadable(reason: string): MessageReading {
  return { kind: 'unreadable', reason }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
