// Sends a batch in rounds: send, store the dead letters of failures, then go on with the messages that waited for them.
// A message whose records are neither acknowledged nor stored goes back to the queue.
import type { Context, SQSBatchResponse } from 'aws-lambda'
import { type DeliveryReport, type Failed, notSent } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter, type RecordFate } from '../../lib/delivery/record-fate.ts'
import { orderGroupStopped } from '../../lib/errors.ts'
import { invocationId } from '../../lib/lambda/invocation-facts.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { parseSqsEvent, type SqsMessage, toSqsResponse } from '../../lib/lambda/sqs-event.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import {
  firstFailures,
  groupContinues,
  isDelivered,
  nextRound,
  type SentMessage,
  type SqsPolicy,
  shouldDeadLetter,
} from './plan-round.ts'

type Fates = ReadonlyMap<DeliveryReport, RecordFate>
type Invocation = Context & KafkaContext

/** @throws KafkaProducerError for an event that is not an SQS batch: all of it goes back */
export async function handleSqs(event: unknown, context: Invocation, services: Services): Promise<SQSBatchResponse> {
  const { config, contracts, log } = services
  const policy: SqsPolicy = { onFailure: config.onFailureSqs, onInvalid: config.fifoOnInvalid }
  const completed: { message: SqsMessage; report: DeliveryReport; fate: RecordFate }[] = []
  const complete = ({ message, reports }: SentMessage, fates?: Fates) => {
    for (const report of reports)
      completed.push({ message, report, fate: fates?.get(report) ?? fateWithoutDeadLetter(report) })
  }
  let remaining: readonly SqsMessage[] = parseSqsEvent(event, contracts, config.defaultTopic)
  while (remaining.length > 0) {
    const { now, later } = nextRound(remaining)
    const sent = await sendMessages(now, context)
    const failures = firstFailures(sent)
    const failed = new Set(failures)
    const toDeadLetter = failures.filter(failure => shouldDeadLetter(failure, policy))
    const fates = await publishMessages(toDeadLetter, context, services)
    const continuing = new Set(
      toDeadLetter.filter(failure => groupContinues(failure, fates)).map(({ message }) => message.group),
    )
    const heldBack: SentMessage[] = []
    for (const item of sent) {
      if (isDelivered(item) || failed.has(item)) complete(item, fates)
      else heldBack.push(item)
    }
    const waiting = [...heldBack, ...later.map(withoutSending)]
    for (const item of waiting) if (!continuing.has(item.message.group)) complete(item)
    remaining = waiting.map(({ message }) => message).filter(({ group }) => continuing.has(group))
  }
  log.invocation(
    invocationId(context),
    completed.map(({ report }) => report),
    completed.map(({ fate }) => fate),
    context.kafka.producer.metrics(),
  )
  return toSqsResponse(completed.filter(({ fate }) => fate.fate === 'returned').map(({ message }) => message.messageId))
}

async function sendMessages(messages: readonly SqsMessage[], { kafka }: Invocation): Promise<SentMessage[]> {
  const reports = (
    await sendSourceRecords(
      messages.flatMap(({ records }) => records),
      kafka.producer,
    )
  )[Symbol.iterator]()
  return messages.map(message => ({
    message,
    reports: message.records.map(() => reports.next().value as DeliveryReport),
  }))
}

/** Reports a message as not sent because an earlier one of its group failed. */
function withoutSending(message: SqsMessage): SentMessage {
  return {
    message,
    reports: message.records.map(({ record }) => notSent(record, undefined, orderGroupStopped(), Date.now())),
  }
}

/** Publishes the failed records of the messages as dead letters. */
async function publishMessages(
  messages: readonly SentMessage[],
  context: Invocation,
  services: Services,
): Promise<Fates> {
  const all = messages.flatMap(({ message, reports }) =>
    message.records.map((sourceRecord, index) => ({
      message,
      sourceRecord,
      index,
      report: reports[index] as DeliveryReport,
    })),
  )
  const sourceOf = (at: number) => {
    const { message, index } = all[at] as (typeof all)[number]
    return {
      trigger: 'sqs' as const,
      id: message.messageId,
      index,
      arn: message.arn,
      receiveCount: message.receiveCount,
    }
  }
  const fates = await publishDeadLetters(
    all.map(({ sourceRecord }) => sourceRecord),
    all.map(({ report }) => report),
    { shouldDeadLetter: () => true, sourceOf },
    context,
    services,
  )
  return new Map([...fates].map(([at, fate]) => [all[at]?.report as Failed, fate]))
}
