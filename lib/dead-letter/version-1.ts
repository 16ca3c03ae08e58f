// What 0.1 wrote, in the names of today. Every store reads both versions; nothing writes version 1 any more.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'

/** The partition key of a DynamoDB table that was made for 0.1. Items carry it beside today's, so that they fit both tables. */
export const VERSION_1_TABLE_KEY = 'letterId'
/** The attribute of a DynamoDB item, and the Kafka header, that held the envelope. */
export const VERSION_1_ITEM = 'letter'
export const VERSION_1_HEADER = 'kp-letter'

const KINDS: Readonly<Record<string, string>> = { record: 'invalid-record', system: 'delivery-failure' }

/** The envelope as version 2; what is no envelope of version 1 is returned as it is. */
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
