import type { DeadLetter } from './dead-letter.ts'

/** An estimate for objects and short texts, bytes. */
const BYTES_EACH = 1024
const BYTES_A_HEADER = 100

/** Returns about how many bytes a dead letter takes in memory. */
export function sizeInMemory({ record, source, recordId, claimCheck, failure }: DeadLetter): number {
  let size = BYTES_EACH
  for (const text of [record.topic, record.key, record.value, recordId, claimCheck?.target, failure.class])
    size += text?.length ?? 0
  for (const text of [source.id, source.function, source.arn]) size += text?.length ?? 0
  for (const { name, value } of record.headers) size += BYTES_A_HEADER + name.length + (value?.length ?? 0)
  return size
}
