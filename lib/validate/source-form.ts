// Returns the parts of a record that was never serialized, for its dead letter.
import type { Contract } from '../contracts/contract.ts'
import { deepJsonText } from '../record/json-object.ts'
import { JsonText } from '../record/json-text.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import { readKey } from './read-key.ts'

export interface SourceForm {
  readonly key: Uint8Array | string | null
  /** Only with `encoding`; without it, the bytes for Kafka are the same as those of the source. */
  readonly value?: Uint8Array | string | null
  /** Key and value have the source's form, and a redrive serializes them by the contract. */
  readonly encoding?: 'source'
}

/** @returns the readable parts; a key that can't be read is null */
export function sourceForm(record: ProducerRecord, contract: Contract): SourceForm {
  const keyCodec = contract.key.codec
  const { codec } = contract.value
  const read = keyOf(record, contract)
  const key = keyCodec ? inSourceForm(read, keyCodec) : (read as Uint8Array | string | null)
  if (isSentAsItIs(contract)) return { key }
  return { key, value: inSourceForm(record?.value, codec), encoding: 'source' }
}

/** Whether the contract sends key and value unchanged, so that the bytes in a dead letter can be checked by it. */
export function isSentAsItIs({ key, value }: Contract): boolean {
  return value.codec.keepsBytes && (key.codec?.keepsBytes ?? true)
}

function keyOf(record: ProducerRecord, contract: Contract): unknown {
  try {
    return readKey(record, contract.value.codec.read(record.value), contract)
  } catch {
    return null
  }
}

/** Converts a value to the bytes that the codec's `read` accepts: JSON if the codec reads JSON. */
function inSourceForm(value: unknown, { isJson }: ValueCodec): Uint8Array | string | null {
  if (value === null || value === undefined || value instanceof Uint8Array) return value ?? null
  if (value instanceof JsonText) return value.text
  return isJson || typeof value !== 'string' ? deepJsonText(value) : value
}
