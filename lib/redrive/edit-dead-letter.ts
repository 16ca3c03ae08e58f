// A dead letter whose record was edited is another dead letter, with its own id.
import type { Contract, Contracts } from '../contracts/contract.ts'
import { wrongField } from '../dead-letter/check-dead-letter.ts'
import { type DeadLetter, deadLetterId, recordOf } from '../dead-letter/dead-letter.ts'
import { InvalidRecordError } from '../errors.ts'
import { toBase64 } from '../record/base64.ts'
import type { ProducerRecord, RecordHeader } from '../record/producer-record.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { originOf } from './dead-letter-origin.ts'

/** The new fields of a record; a missing field stays as it is. */
export interface RecordEdit {
  readonly topic?: string
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers?: readonly RecordHeader[]
}

/**
 * Returns the dead letter of the edited record, with `editedFrom`. Its key is the one that the topic's contract reads
 * from the new value; without a contract, or where a feed took the key from the message, it is the given one, or that
 * of before.
 * @param deadLetter with its value, not with a claim check
 * @throws InvalidRecordError when the edited record breaks the topic's contract, or is one that Kafka or a reader of
 * dead letters would refuse
 */
export function editDeadLetter(deadLetter: DeadLetter, edit: RecordEdit, contracts: Contracts): DeadLetter {
  const before = recordOf(deadLetter)
  const topic = edit.topic ?? before.topic
  const { key: keyBefore, value, headers } = { ...before, ...edit }
  const key = topic === null ? keyBefore : checkedKey({ topic, key: keyBefore, value, headers }, deadLetter, contracts)
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
      topic,
      key: toBase64(key),
      value: toBase64(value),
      headers: headers.map(([name, bytes]) => ({ name, value: toBase64(bytes) })),
    },
    // The edited record was never sent, whatever became of the one before.
    failure: { ...deadLetter.failure, outcome: 'not-sent' },
    inDoubt: null,
    redrive: { count: 0, lastAt: null, lastCode: null },
    claimCheck: null,
  }
  // The dead letter before ends when this one is stored, so nothing may be stored that no reader accepts.
  const wrong = wrongField({ ...edited })
  if (wrong !== undefined)
    throw new InvalidRecordError(
      wrong === 'record.headers' ? 'bad-header' : 'bad-value',
      `${wrong}: expected what fits a dead letter, got another form or size.`,
    )
  return edited
}

function checkedKey(
  record: Omit<ProducerRecord, 'key'> & { key: Uint8Array | null },
  deadLetter: DeadLetter,
  contracts: Contracts,
) {
  const contract = contracts.get(record.topic)
  const { key } = validateRecord(
    { ...withKey(record), ...(contract ? { origin: originOf(deadLetter, contract) } : {}) },
    contract ? { contracts } : { anyTopic: true },
  )
  return typeof key === 'string' ? Buffer.from(key) : ((key as Uint8Array | null | undefined) ?? null)
}

/**
 * Checks the record of a dead letter by the contract of its topic, as it is now.
 * @param deadLetter with its value, not with a claim check
 * @throws InvalidRecordError when it breaks the contract, or when its topic has none
 */
export function checkByContract(deadLetter: DeadLetter, contracts: Contracts): void {
  const { topic, key, value, headers, partition } = recordOf(deadLetter)
  const contract = topic === null ? undefined : contracts.get(topic)
  validateRecord(
    {
      ...withKey({ topic: topic ?? '', key, value, headers }),
      ...(partition === null ? {} : { partition }),
      ...(contract ? { origin: checkedOrigin(deadLetter, contract) } : {}),
    },
    { contracts },
  )
}

/** The key of a valid record is known: it has to agree with what the contract reads from the value. */
function checkedOrigin(deadLetter: DeadLetter, contract: Contract): NonNullable<ProducerRecord['origin']> {
  const { keyFrom = [] } = originOf(deadLetter, contract)
  if (deadLetter.failure.kind === 'invalid-record' || keyFrom.includes('record')) return { keyFrom }
  return { keyFrom: ['record', ...keyFrom] }
}

function withKey({ key, ...record }: Omit<ProducerRecord, 'key'> & { key: Uint8Array | null }): ProducerRecord {
  return key === null ? record : { ...record, key }
}
