// Converts the envelopes of version 0.1. Every store reads both versions; nothing writes version 1.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'

/**
 * The partition key of DynamoDB tables of 0.1. New items have it in addition to the current key, so that they fit both
 * tables.
 */
export const VERSION_1_TABLE_KEY = 'letterId'
/** The attribute of a DynamoDB item that held the envelope, and the Kafka header. */
export const VERSION_1_ITEM = 'letter'
export const VERSION_1_HEADER = 'kp-letter'

/** The text before the id in an envelope. */
export const VERSION_1_ID = '"letterId":"'

const KINDS: Readonly<Record<string, string>> = { record: 'invalid-record', system: 'delivery-failure' }

/** Converts an envelope of version 1 to version 2; anything else is returned unchanged. */
export function upgradeVersion1(json: unknown): unknown {
  if (!isJsonObject(json) || json.schemaVersion !== 1 || !isJsonObject(json.failure)) return json
  const { letterId, failure, redrive, ...rest } = json
  return {
    ...rest,
    schemaVersion: 2,
    deadLetterId: letterId,
    failure: upgradeFailure(failure),
    redrive: isJsonObject(redrive) ? { ...redrive, lastCode: newCode(redrive.lastCode) } : redrive,
  }
}

function upgradeFailure({ fault, brokerCode, ...failure }: JsonObject): JsonObject {
  return {
    ...failure,
    kind: typeof fault === 'string' ? (KINDS[fault] ?? fault) : fault,
    class: failure.class === 'RecordFaultError' ? 'InvalidRecordError' : failure.class,
    code: newCode(failure.code),
    causeCode: brokerCode ?? null,
  }
}

function newCode(code: unknown): unknown {
  return code === 'invalid-record' ? 'rejected-by-broker' : code
}
