// Sends each record on its own through its trigger, at a fixed pace, and records every response.
import { setTimeout as pause } from 'node:timers/promises'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { Stack } from '../stack.ts'
import type { DemoRecord } from './real-input.ts'

export interface Answer {
  readonly record: DemoRecord
  /** The record's `kp-id`: the caller's, the message's or the event's id. */
  readonly id: string
  /** The fate in the HTTP response; `accepted` for a queue or the event bus, which report none. */
  readonly fate: string
  readonly outcome?: string | undefined
  readonly deadLetterId?: string | undefined
  readonly partition?: number | undefined
}

export async function sendPaced(
  stack: Stack,
  records: readonly DemoRecord[],
  perSecond: number,
  onAnswer: (answer: Answer) => void,
): Promise<Answer[]> {
  const send = { http: overHttp, sqs: overSqs, eventbridge: overEventBridge }
  const start = performance.now()
  return Promise.all(
    records.map(async (record, index) => {
      await pause(start + (index * 1000) / perSecond - performance.now())
      const answer = await send[record.trigger](stack, record)
      onAnswer(answer)
      return answer
    }),
  )
}

async function overHttp({ url }: Stack, record: DemoRecord): Promise<Answer> {
  const { id } = record
  const response = await fetch(`${url}/topics/earthquakes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    body: record.body,
  })
  const body = (await response.json()) as {
    records?: { fate: string; outcome?: string; deadLetterId?: string; partition?: number }[]
  }
  const entry = body.records?.[0]
  // A refusal of the whole request lists no records. After any other response without records, the caller keeps the
  // record.
  const fate = entry?.fate ?? (response.status >= 400 && response.status < 500 ? 'refused' : 'returned')
  return { record, id, fate, outcome: entry?.outcome, deadLetterId: entry?.deadLetterId, partition: entry?.partition }
}

async function overSqs({ sqs }: Stack, record: DemoRecord): Promise<Answer> {
  const { MessageId } = await sqs.client.send(
    new SendMessageCommand({ QueueUrl: sqs.queueUrl('earthquakes'), MessageBody: record.body }),
  )
  return { record, id: MessageId as string, fate: 'accepted' }
}

async function overEventBridge({ busUrl }: Stack, record: DemoRecord): Promise<Answer> {
  const entry = { Source: 'usgs.earthquakes', DetailType: 'Earthquake', Detail: record.body }
  const response = await fetch(busUrl, { method: 'POST', body: JSON.stringify({ Entries: [entry] }) })
  const { Entries } = (await response.json()) as { Entries: { EventId: string }[] }
  return { record, id: Entries[0]?.EventId as string, fate: 'accepted' }
}
