// A batch in rounds: send, dead letter what is at fault, go on with what waited for that. What is stored nowhere goes back.
import type { Context, SQSBatchResponse } from 'aws-lambda'
import { type DeliveryReport, type Failed, notSent } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter, type RecordFate } from '../../lib/delivery/record-fate.ts'
import { orderGroupStopped } from '../../lib/errors.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { parseSqsEvent, type SqsMessage, toSqsResponse } from '../../lib/lambda/sqs-event.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import {
  firstFailures,
  groupGoesOn,
  isDelivered,
  nextRound,
  type SentMessage,
  type SqsPolicy,
  shouldDeadLetter,
} from './plan-round.ts'

type Fates = ReadonlyMap<DeliveryReport, RecordFate>
type Invocation = Context & KafkaContext

/** @throws KafkaProducerError for an event that is no SQS batch: all of it goes back */
export async function handleSqs(event: unknown, context: Invocation, services: Services): Promise<SQSBatchResponse> {
  const { config, contracts, report } = services
  const policy: SqsPolicy = { onFailure: config.onFailureSqs, onInvalid: config.fifoOnInvalid }
  const completed: { message: SqsMessage; report: DeliveryReport; fate: RecordFate }[] = []
  const complete = ({ message, reports }: SentMessage, fates?: Fates) => {
    for (const report of reports)
      completed.push({ message, report, fate: fates?.get(report) ?? fateWithoutDeadLetter(report) })
  }
  let open: readonly SqsMessage[] = parseSqsEvent(event, contracts, config.defaultTopic)
  while (open.length > 0) {
    const { now, later } = nextRound(open)
    const sent = await sendMessages(now, context)
    const failures = firstFailures(sent)
    const failed = new Set(failures)
    const toDeadLetterOf = failures.filter(failure => shouldDeadLetter(failure, policy))
    const fates = await deadLetterMessages(toDeadLetterOf, context, services)
    const goesOn = new Set(
      toDeadLetterOf.filter(failure => groupGoesOn(failure, fates)).map(({ message }) => message.group),
    )
    const heldBack: SentMessage[] = []
    for (const item of sent) {
      if (isDelivered(item) || failed.has(item)) complete(item, fates)
      else heldBack.push(item)
    }
    const waiting = [...heldBack, ...later.map(withoutSending)]
    for (const item of waiting) if (!goesOn.has(item.message.group)) complete(item)
    open = waiting.map(({ message }) => message).filter(({ group }) => goesOn.has(group))
  }
  report.invocation(
    context.awsRequestId,
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

/** A message that an earlier one of its group keeps from being sent. */
function withoutSending(message: SqsMessage): SentMessage {
  return {
    message,
    reports: message.records.map(({ record }) => notSent(record, undefined, orderGroupStopped(), Date.now())),
  }
}

async function deadLetterMessages(
  messages: readonly SentMessage[],
  context: Invocation,
  services: Services,
): Promise<Fates> {
  const all = messages.flatMap(({ message, reports }) =>
    message.records.map((sourceRecords, index) => ({
      message,
      sourceRecords,
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
    all.map(({ sourceRecords }) => sourceRecords),
    all.map(({ report }) => report),
    { shouldDeadLetter: () => true, sourceOf },
    context,
    services,
  )
  return new Map([...fates].map(([at, fate]) => [all[at]?.report as Failed, fate]))
}
