// Decides which items are sent in the next round, and what the reports of a round mean for its items. Pure functions.
// Of an order group only the first failed item counts, because the items behind it wait for it.
import type { DeliveryReport, Failed } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import type { BatchPolicy, SourceItem } from './source-item.ts'

export interface ReportedItem<Item extends SourceItem = SourceItem> {
  readonly item: Item
  /** One per record of the item, in order. */
  readonly reports: readonly DeliveryReport[]
}

export interface Round<Item extends SourceItem> {
  /** Sent in this round: each group up to and including its first item with an invalid record. */
  readonly now: readonly Item[]
  readonly later: readonly Item[]
}

export function nextRound<Item extends SourceItem>(items: readonly Item[]): Round<Item> {
  const held = new Set<string>()
  const now: Item[] = []
  const later: Item[] = []
  for (const item of items) {
    const { orderGroup, records } = item
    if (orderGroup !== undefined && held.has(orderGroup)) {
      later.push(item)
      continue
    }
    now.push(item)
    if (orderGroup !== undefined && records.some(({ error }) => error)) held.add(orderGroup)
  }
  return { now, later }
}

export function isDelivered({ reports }: ReportedItem): boolean {
  return reports.every(({ kind }) => kind === 'delivered')
}

/** The first failed item of each group, and every failed item without a group. */
export function firstFailures<Item extends SourceItem>(sent: readonly ReportedItem<Item>[]): ReportedItem<Item>[] {
  const stopped = new Set<string>()
  return sent.filter(reportedItem => {
    const { orderGroup } = reportedItem.item
    if (isDelivered(reportedItem) || (orderGroup !== undefined && stopped.has(orderGroup))) return false
    if (orderGroup !== undefined) stopped.add(orderGroup)
    return true
  })
}

/** Whether the failed records of an item become dead letters. If not, the whole item goes back to its source. */
export function shouldDeadLetter({ item, reports }: ReportedItem, { onFailure, onInvalid }: BatchPolicy): boolean {
  const failed = reports.filter(({ kind }) => kind === 'failed') as Failed[]
  // Returning the item would resend records that were already acknowledged.
  if (failed.length < reports.length) return true
  if (failed.some(({ failureKind }) => failureKind === 'delivery-failure')) return onFailure === 'dead-letter'
  return item.orderGroup === undefined || onInvalid === 'continue'
}

/**
 * Whether the rest of the group is sent. After an invalid record it is, once the dead letter is stored; after a
 * delivery failure the rest of the group goes back to its source.
 */
export function groupContinues(
  { item, reports }: ReportedItem,
  fates: ReadonlyMap<DeliveryReport, RecordFate>,
): boolean {
  return (
    item.orderGroup !== undefined &&
    reports.every(
      report =>
        report.kind === 'delivered' ||
        (report.failureKind === 'invalid-record' && fates.get(report)?.fate === 'dead-lettered'),
    )
  )
}
