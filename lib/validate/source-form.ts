// What a dead letter has of a record that was never encoded.
import type { Contract } from '../contracts/contract.ts'
import { deepJsonText } from '../record/json-object.ts'
import { JsonText } from '../record/json-text.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import { readKey } from './read-key.ts'

export interface SourceForm {
  readonly key: Uint8Array | string | null
  /** Only with `encoding`; otherwise the bytes for Kafka are those of the source. */
  readonly value?: Uint8Array | string | null
  /** Key and value are those of the source, and a redrive encodes them by the contract. */
  readonly encoding?: 'source'
}

/** @returns what can be read; a key that can't be read is null */
export function sourceForm(record: ProducerRecord, contract: Contract): SourceForm {
  const keyCodec = contract.key.codec
  const { codec } = contract.value
  const read = keyOf(record, contract)
  const key = keyCodec ? inSourceForm(read, keyCodec) : (read as Uint8Array | string | null)
  if (isSentAsItIs(contract)) return { key }
  return { key, value: inSourceForm(record?.value, codec), encoding: 'source' }
}

/** Whether the bytes in Kafka are those that a dead letter of an invalid record has, so that they can be checked. */
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

/** What `read` of the codec understands as bytes: JSON, where it reads JSON. */
function inSourceForm(value: unknown, { isJson }: ValueCodec): Uint8Array | string | null {
  if (value === null || value === undefined || value instanceof Uint8Array) return value ?? null
  if (value instanceof JsonText) return value.text
  return isJson || typeof value !== 'string' ? deepJsonText(value) : value
}
