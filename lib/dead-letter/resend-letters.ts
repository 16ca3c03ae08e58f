// The library call under redrive: sends letters again as the bytes they were, and closes each only after its acknowledgement.
import type { KafkaProducer } from '../kafka-producer.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { DiskDeadLetter } from './disk-dead-letter.ts'
import { recordOf } from './envelope.ts'

export interface ResendResult {
  readonly resent: number
  /** Letters that stay open, with the code of this try. */
  readonly open: readonly { readonly letterId: string; readonly code: string }[]
}

/**
 * Letters of records at fault stay open: sent as they are they would be in a topic whose rules they break.
 * @param producer one without contracts: the bytes were checked when they were first sent, and go as they are
 * @param batch letters per send
 */
export async function resendLetters(from: DiskDeadLetter, producer: KafkaProducer, batch = 100): Promise<ResendResult> {
  const letters = (await from.list()).map(({ letter }) => letter)
  let resent = 0
  const open: { letterId: string; code: string }[] = []
  for (let at = 0; at < letters.length; at += batch) {
    const some = letters.slice(at, at + batch)
    const sendable = some.filter(({ failure }) => failure.fault === 'system')
    for (const { letterId, failure } of some) if (failure.fault === 'record') open.push({ letterId, code: failure.code })
    const reports = await producer.sendAll(sendable.map(letter => toRecord(recordOf(letter), letter.recordId)))
    const closed = reports.flatMap((report, index) => {
      const letterId = sendable[index]?.letterId as string
      if (report.kind === 'delivered') return [{ letterId, receipt: `kafka:${report.metadata.topic}-${report.metadata.partition}@${report.metadata.offset ?? '?'}` }]
      open.push({ letterId, code: report.code })
      return []
    })
    if (closed.length > 0) await from.closeLetters(closed)
    resent += closed.length
  }
  return { resent, open }
}

function toRecord({ topic, key, value, headers, timestamp, partition }: ReturnType<typeof recordOf>, sourceId: string): ProducerRecord {
  return { topic: topic as string, key, value, headers, sourceId, ...(timestamp === null ? {} : { timestamp }), ...(partition === null ? {} : { partition }) }
}
