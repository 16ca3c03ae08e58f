// Sends records over HTTP at a fixed pace, each by itself, and keeps what every answer said.
import type { DemoRecord } from './real-input.ts'

export interface Answer {
  readonly record: DemoRecord
  readonly status: number
  readonly fate: string
  readonly outcome: string | undefined
  readonly receipt: string | undefined
  readonly at: number
  readonly partition: number | undefined
  readonly offset: number | undefined
}

export async function sendPaced(url: string, records: readonly DemoRecord[], perSecond: number, onAnswer: (answer: Answer) => void): Promise<Answer[]> {
  const start = performance.now()
  return Promise.all(
    records.map(async (record, index) => {
      await new Promise(resolve => setTimeout(resolve, start + (index * 1000) / perSecond - performance.now()))
      const answer = await sendOne(url, record)
      onAnswer(answer)
      return answer
    }),
  )
}

async function sendOne(url: string, record: DemoRecord): Promise<Answer> {
  const response = await fetch(`${url}/topics/earthquakes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': record.id },
    body: record.body,
  })
  const body = (await response.json()) as { records?: { fate: string; outcome?: string; receipt?: string; partition?: number; offset?: number }[] }
  const told = body.records?.[0]
  // A refusal of the whole request has no records; whatever else has none stayed with us, the source.
  const fate = told?.fate ?? (response.status >= 400 && response.status < 500 ? 'refused' : 'returned')
  return { record, status: response.status, fate, outcome: told?.outcome, receipt: told?.receipt, at: Date.now(), partition: told?.partition, offset: told?.offset }
}
