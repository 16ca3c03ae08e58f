// Determines the fate of each record: compares what was sent with the log, the dead letters and the queues, without the
// producer.
import { existsSync } from 'node:fs'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { readTopic } from '../kafka/admin.ts'
import { EVENT_FAILURES } from '../queues.ts'
import type { Stack } from '../stack.ts'
import type { Trigger } from './real-input.ts'
import type { Answer } from './send-paced.ts'

export interface Fates {
  sent: number
  inKafka: number
  deadLettered: number
  returned: number
  refused: number
  lost: number
  duplicated: number
  /** Counts events, not fates: written dead letters, and lost responses. */
  deadLetters: number
  unknown: number
}

export interface Account {
  readonly total: Fates
  readonly byTrigger: Readonly<Record<Trigger, Fates>>
  /** Records in the log that nobody sent. */
  readonly unexpected: number
}

/**
 * @param written dead letters before the redrive, by record id
 * @param folder of the dead letters
 */
export async function account(
  stack: Stack,
  answers: readonly Answer[],
  written: ReadonlyMap<string, { readonly outcome: string }>,
  folder: string,
): Promise<Account> {
  const inLog = new Map<string, number>()
  for (const { headers } of await readTopic(stack.bootstrapServers, 'earthquakes')) {
    // Over HTTP the id is the caller's key and a digest of the record.
    const id = String(headers['kp-id']).replace(/:[\w-]{22}$/, '')
    inLog.set(id, (inLog.get(id) ?? 0) + 1)
  }
  const open = new Set((await deadLettersIn(folder)).keys())
  const atSource = {
    sqs: await stack.sqs.depth('earthquakes'),
    eventbridge: await stack.sqs.depth(EVENT_FAILURES),
    http: 0,
  }
  const byTrigger = { http: noFates(), sqs: noFates(), eventbridge: noFates() }
  for (const { record, id, fate, outcome } of answers) {
    const fates = byTrigger[record.trigger]
    const copies = inLog.get(id) ?? 0
    const deadLetter = written.get(id)
    const isUnknown = outcome === 'unknown' || deadLetter?.outcome === 'unknown'
    fates.sent++
    if (deadLetter) fates.deadLetters++
    if (isUnknown) fates.unknown++
    // SQS may deliver a message twice, so it may be in the log twice.
    if (copies > 1 && !isUnknown && record.trigger !== 'sqs') fates.duplicated++
    if (copies > 0) fates.inKafka++
    else if (fate === 'refused') fates.refused++
    else if (fate === 'returned') fates.returned++
    else if (open.has(id)) fates.deadLettered++
    else if (atSource[record.trigger]-- > 0) fates.returned++
    else fates.lost++
  }
  const sent = new Set(answers.map(({ id }) => id))
  const unexpected = [...inLog.keys()].filter(id => !sent.has(id)).length
  return { total: sum(Object.values(byTrigger)), byTrigger, unexpected }
}

/** @returns every open dead letter of a folder, by the id of its record */
export async function deadLettersIn(
  folder: string,
): Promise<Map<string, { readonly outcome: string; readonly kind: string }>> {
  const store = new DiskDeadLetterStore(folder)
  const open = existsSync(folder) ? await Array.fromAsync(store.deadLetters()) : []
  await store.close()
  return new Map(open.map(({ deadLetter }) => [deadLetter.recordId, deadLetter.failure]))
}

function noFates(): Fates {
  return {
    sent: 0,
    inKafka: 0,
    deadLettered: 0,
    returned: 0,
    refused: 0,
    lost: 0,
    duplicated: 0,
    deadLetters: 0,
    unknown: 0,
  }
}

function sum(all: readonly Fates[]): Fates {
  const total = noFates()
  for (const fates of all) for (const name of Object.keys(total) as (keyof Fates)[]) total[name] += fates[name]
  return total
}
