// Edits the record of a dead letter, which gives a new dead letter with its own id.
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { wrongField } from '../dead-letter/check-dead-letter.ts'
import { type DeadLetter, deadLetterId, recordOf } from '../dead-letter/dead-letter.ts'
import { InvalidRecordError } from '../errors.ts'
import { toBase64 } from '../record/base64.ts'
import type { ProducerRecord, RecordHeader } from '../record/producer-record.ts'
import { isSchemaIdHeader } from '../record/schema-id-headers.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { isSentAsItIs, sourceForm } from '../validate/source-form.ts'
import { checkedOrigin, originOf } from './dead-letter-origin.ts'
import { canBeChecked, encodedRecord, isEncoded } from './encoded-record.ts'

export interface EditOptions {
  /** The settings of the schema registry, for contracts that need one. */
  readonly config?: ProducerConfig | undefined
}

/** The new fields of a record; a missing field is not changed. */
export interface RecordEdit {
  readonly topic?: string
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers?: readonly RecordHeader[]
}

/**
 * Returns the dead letter of the edited record, with `editedFrom`. Its key is the one that the topic's contract reads
 * from the new value. Without a contract, or if a feed took the key from the message, it is the key of the edit, or
 * else the key before.
 * @param deadLetter the dead letter with its value, not with a claim check
 * @param options.config the settings of the schema registry, for contracts that need one
 * @throws InvalidRecordError if the edited record breaks the topic's contract, or if Kafka or a reader of dead letters
 * would refuse it
 */
export async function editDeadLetter(
  deadLetter: DeadLetter,
  edit: RecordEdit,
  contracts: Contracts,
  options: EditOptions = {},
): Promise<DeadLetter> {
  const before = recordOf(deadLetter)
  const topic = edit.topic ?? before.topic
  const contract = topic === null ? undefined : contracts.get(topic)
  const isReplaced = contract !== undefined && !canBeChecked(deadLetter, contract)
  if (isReplaced && edit.value === undefined)
    throw new InvalidRecordError(
      'bad-value',
      'value: expected one with the edit: the record is already serialized, so its value can’t be kept.',
    )
  // The key of a serialized record is serialized too, so the edit or the contract has to set it again. The headers that
  // name the schemas of the old bytes are dropped.
  const kept = isReplaced ? { key: null, headers: before.headers.filter(([name]) => !isSchemaIdHeader(name)) } : {}
  const { key: keyBefore, value, headers } = { ...before, ...kept, ...edit }
  const key =
    topic === null
      ? keyBefore
      : await checkedKey({ topic, key: keyBefore, value, headers }, deadLetter, contracts, options)
  const id = deadLetterId({ topic: topic ?? '', key, value, headers }, deadLetter.recordId)
  const { partition, partitionFixedBy, ...rest } = deadLetter.record
  const place = topic === before.topic ? { partition, partitionFixedBy } : { partition: null, partitionFixedBy: null }
  const edited: DeadLetter = {
    ...deadLetter,
    deadLetterId: id,
    editedFrom: deadLetter.deadLetterId,
    record: {
      ...rest,
      ...place,
      ...(isReplaced ? { encoding: 'source' } : {}),
      topic,
      key: toBase64(key),
      value: toBase64(value),
      headers: headers.map(([name, bytes]) => ({ name, value: toBase64(bytes) })),
    },
    // The edited record was never sent, whatever the outcome of the original one.
    failure: { ...deadLetter.failure, outcome: 'not-sent' },
    inDoubt: null,
    redrive: { count: 0, lastAt: null, lastCode: null },
    claimCheck: null,
  }
  // Storing this one completes the original, so it must be readable.
  const wrong = wrongField({ ...edited })
  if (wrong !== undefined)
    throw new InvalidRecordError(
      wrong === 'record.headers' ? 'bad-header' : 'bad-value',
      `${wrong}: expected the form and size of a dead letter’s field, got another.`,
    )
  return edited
}

/** Validates the record and returns its key in the form of the source. */
async function checkedKey(
  record: Omit<ProducerRecord, 'key'> & { key: Uint8Array | null },
  deadLetter: DeadLetter,
  contracts: Contracts,
  options: EditOptions,
): Promise<Uint8Array | null> {
  const contract = contracts.get(record.topic)
  const checked = { ...withKey(record), ...(contract ? { origin: originOf(deadLetter, contract) } : {}) }
  if (!contract) {
    const { key } = validateRecord(checked, { anyTopic: true })
    return (key as Uint8Array | null | undefined) ?? null
  }
  if (!isSentAsItIs(contract)) await encodedRecord(checked, contracts, options)
  else validateRecord(checked, { contracts })
  const { key } = sourceForm(checked, contract)
  return typeof key === 'string' ? Buffer.from(key) : key
}

/**
 * Checks the record of a dead letter by the current contract of its topic. Bytes that a format of the contract has
 * serialized are not checked.
 * @param deadLetter the dead letter with its value, not with a claim check
 * @param options.config the settings of the schema registry, for contracts that need one
 * @throws InvalidRecordError if it breaks the contract or its topic has none; DeliveryError `serializer` if the schema
 * registry does not answer
 */
export async function checkByContract(
  deadLetter: DeadLetter,
  contracts: Contracts,
  options: EditOptions = {},
): Promise<void> {
  const { topic, key, value, headers, partition } = recordOf(deadLetter)
  const contract = topic === null ? undefined : contracts.get(topic)
  if (contract && !canBeChecked(deadLetter, contract)) return
  const record = {
    ...withKey({ topic: topic ?? '', key, value, headers }),
    ...(partition === null ? {} : { partition }),
    ...(contract ? { origin: checkedOrigin(deadLetter, contract) } : {}),
  }
  if (isEncoded(deadLetter)) validateRecord(record, { contracts })
  else await encodedRecord(record, contracts, options)
}

function withKey({ key, ...record }: Omit<ProducerRecord, 'key'> & { key: Uint8Array | null }): ProducerRecord {
  return key === null ? record : { ...record, key }
}
