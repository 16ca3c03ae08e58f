// Plans which messages are sent in a round, and what a round means for its messages. Pure.
// In a FIFO group only the first failed message counts: it holds back those after it.
import type { DeliveryReport, Failed } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import type { SqsMessage } from '../../lib/lambda/sqs-event.ts'

export interface SqsPolicy {
  /** KAFKA_ON_FAILURE_SQS */
  readonly onFailure: 'return' | 'dead-letter'
  /** KAFKA_FIFO_ON_INVALID */
  readonly onInvalid: 'continue' | 'stop'
}

export interface SentMessage {
  readonly message: SqsMessage
  /** One per record of the message. */
  readonly reports: readonly DeliveryReport[]
}

export interface Round {
  /** Sent in this round: each group up to and including its first message with an invalid record. */
  readonly now: readonly SqsMessage[]
  readonly later: readonly SqsMessage[]
}

export function nextRound(messages: readonly SqsMessage[]): Round {
  const held = new Set<string>()
  const now: SqsMessage[] = []
  const later: SqsMessage[] = []
  for (const message of messages) {
    const { group, records } = message
    if (group !== undefined && held.has(group)) {
      later.push(message)
      continue
    }
    now.push(message)
    if (group !== undefined && records.some(({ error }) => error)) held.add(group)
  }
  return { now, later }
}

export function isDelivered({ reports }: SentMessage): boolean {
  return reports.every(({ kind }) => kind === 'delivered')
}

/** The first failed message of each group, and every failed message without a group. */
export function firstFailures(sent: readonly SentMessage[]): SentMessage[] {
  const stopped = new Set<string>()
  return sent.filter(item => {
    const { group } = item.message
    if (isDelivered(item) || (group !== undefined && stopped.has(group))) return false
    if (group !== undefined) stopped.add(group)
    return true
  })
}

/** Whether the failed records of a message become dead letters; else the message goes back whole. */
export function shouldDeadLetter({ message, reports }: SentMessage, { onFailure, onInvalid }: SqsPolicy): boolean {
  const failed = reports.filter(({ kind }) => kind === 'failed') as Failed[]
  // Returning the message would resend records that were already acknowledged.
  if (failed.length < reports.length) return true
  if (failed.some(({ failureKind }) => failureKind === 'delivery-failure')) return onFailure === 'dead-letter'
  return message.group === undefined || onInvalid === 'continue'
}

/**
 * Whether the rest of the group is sent. An invalid record whose dead letter is stored counts as completed; after a
 * delivery failure the rest of the group goes back.
 */
export function groupContinues(
  { message, reports }: SentMessage,
  fates: ReadonlyMap<DeliveryReport, RecordFate>,
): boolean {
  return (
    message.group !== undefined &&
    reports.every(
      report =>
        report.kind === 'delivered' ||
        (report.failureKind === 'invalid-record' && fates.get(report)?.fate === 'dead-lettered'),
    )
  )
}
