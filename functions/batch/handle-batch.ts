// Sends a batch in rounds: sends records, stores the dead letters of failures, then continues with the items that
// waited behind them in their order group. An item that has a record that is neither acknowledged nor stored goes back
// to its source.
import type { Context } from 'aws-lambda'
import { type DeliveryReport, type Failed, notSent } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter, type RecordFate } from '../../lib/delivery/record-fate.ts'
import { orderGroupStopped } from '../../lib/errors.ts'
import { invocationId } from '../../lib/lambda/invocation-facts.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import {
  firstFailures,
  groupContinues,
  isDelivered,
  nextRound,
  type ReportedItem,
  shouldDeadLetter,
} from './plan-round.ts'
import type { BatchSource, SourceItem } from './source-item.ts'

type Fates = ReadonlyMap<DeliveryReport, RecordFate>
type Invocation = Context & KafkaContext

interface CompletedItem<Item extends SourceItem> extends ReportedItem<Item> {
  /** One per report, in the same order. */
  readonly fates: readonly RecordFate[]
}

/**
 * Sends the records of a batch and returns the answer of its source.
 * @throws KafkaProducerError for an event that the source can't read; Lambda then returns the whole batch to it
 */
export async function handleBatch<Item extends SourceItem, Response>(
  event: unknown,
  context: Invocation,
  services: Services,
  source: BatchSource<Item, Response>,
): Promise<Response> {
  const completed: CompletedItem<Item>[] = []
  const complete = ({ item, reports }: ReportedItem<Item>, fates?: Fates) =>
    completed.push({ item, reports, fates: reports.map(report => fates?.get(report) ?? fateWithoutDeadLetter(report)) })
  let remaining = source.parse(event)
  while (remaining.length > 0) {
    const { now, later } = nextRound(remaining)
    const sent = await sendItems(now, context)
    const failures = firstFailures(sent)
    const failed = new Set(failures)
    const toDeadLetter = failures.filter(failure => shouldDeadLetter(failure, source.policy))
    const fates = await publishItems(toDeadLetter, source, context, services)
    const continuing = new Set(
      toDeadLetter.filter(failure => groupContinues(failure, fates)).map(({ item }) => item.orderGroup),
    )
    const heldBack: ReportedItem<Item>[] = []
    for (const reportedItem of sent) {
      if (isDelivered(reportedItem) || failed.has(reportedItem)) complete(reportedItem, fates)
      else heldBack.push(reportedItem)
    }
    const waiting = [...heldBack, ...later.map(withoutSending)]
    for (const waitingItem of waiting) if (!continuing.has(waitingItem.item.orderGroup)) complete(waitingItem)
    remaining = waiting.map(({ item }) => item).filter(({ orderGroup }) => continuing.has(orderGroup))
  }
  services.log.invocation(
    invocationId(context),
    completed.flatMap(({ reports }) => reports),
    completed.flatMap(({ fates }) => fates),
    context.kafka.producer.metrics(),
    { ignored: completed.flatMap(({ item }) => item.ignored ?? []) },
  )
  const results = completed.map(({ item, fates }) => ({
    item,
    isReturned: fates.some(({ fate }) => fate === 'returned'),
  }))
  return source.respond(results, context.kafka.answerBy)
}

async function sendItems<Item extends SourceItem>(
  items: readonly Item[],
  { kafka }: Invocation,
): Promise<ReportedItem<Item>[]> {
  const reports = (
    await sendSourceRecords(
      items.flatMap(({ records }) => records),
      kafka.producer,
    )
  )[Symbol.iterator]()
  return items.map(item => ({ item, reports: item.records.map(() => reports.next().value as DeliveryReport) }))
}

/** Reports an item as not sent because an earlier one of its group failed. */
function withoutSending<Item extends SourceItem>(item: Item): ReportedItem<Item> {
  return {
    item,
    reports: item.records.map(({ record }) => notSent(record, undefined, orderGroupStopped(), Date.now())),
  }
}

/** Publishes the failed records of the items as dead letters. */
async function publishItems(
  items: readonly ReportedItem[],
  { trigger }: Pick<BatchSource<never, unknown>, 'trigger'>,
  context: Invocation,
  services: Services,
): Promise<Fates> {
  if (items.length === 0) return new Map()
  const all = items.flatMap(({ item, reports }) =>
    item.records.map((sourceRecord, index) => ({
      item,
      sourceRecord,
      index,
      report: reports[index] as DeliveryReport,
    })),
  )
  const sourceOf = (at: number) => {
    const { item, index } = all[at] as (typeof all)[number]
    return { trigger, id: item.id, index, arn: item.arn, receiveCount: item.receiveCount }
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
