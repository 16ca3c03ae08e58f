// A dead letter as it comes back from a target. Others may write there too: what is no dead letter is left alone.
import { isJsonObject } from '../record/json-object.ts'
import type { DeadLetter } from './dead-letter.ts'
import { upgradeVersion1 } from './version-1.ts'

const isText = (value: unknown) => typeof value === 'string'
const isTextOrNull = (value: unknown) => value === null || isText(value)
const isIntegerOrNull = (value: unknown) => value === null || Number.isInteger(value)
const isTime = (value: unknown) => isText(value) && Number.isFinite(Date.parse(value as string))

/** @returns undefined for anything but a dead letter */
export function readDeadLetter(text: string): DeadLetter | undefined {
  try {
    return deadLetterIn(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The dead letter in a parsed envelope of version 1 or 2; undefined for anything else. */
export function deadLetterIn(json: unknown): DeadLetter | undefined {
  const upgraded = upgradeVersion1(json)
  return isDeadLetter(upgraded) ? upgraded : undefined
}

function isDeadLetter(json: unknown): json is DeadLetter {
  if (!isJsonObject(json) || json.schemaVersion !== 2 || !isText(json.deadLetterId) || !isText(json.recordId))
    return false
  const { record, failure, source, redrive, claimCheck, inDoubt } = json
  return (
    isRecord(record) &&
    isFailure(failure) &&
    isSource(source) &&
    isRedrive(redrive) &&
    isClaim(claimCheck) &&
    isInDoubt(inDoubt)
  )
}

function isRecord(record: unknown): boolean {
  if (!isJsonObject(record) || !Array.isArray(record.headers)) return false
  const isHeader = (header: unknown) => isJsonObject(header) && isText(header.name) && isTextOrNull(header.value)
  return (
    [record.topic, record.key, record.value].every(isTextOrNull) &&
    [record.partition, record.timestamp].every(isIntegerOrNull) &&
    record.headers.every(isHeader)
  )
}

function isFailure(failure: unknown): boolean {
  if (!isJsonObject(failure)) return false
  const { kind, outcome, code, firstAt, lastAt } = failure
  return (
    (kind === 'invalid-record' || kind === 'delivery-failure') &&
    isText(outcome) &&
    isText(code) &&
    isTime(firstAt) &&
    isTime(lastAt)
  )
}

function isSource(source: unknown): boolean {
  return isJsonObject(source) && isText(source.trigger) && isText(source.id) && isTextOrNull(source.arn)
}

function isRedrive(redrive: unknown): boolean {
  return isJsonObject(redrive) && Number.isInteger(redrive.count)
}

function isClaim(claim: unknown): boolean {
  return (
    claim === null ||
    (isJsonObject(claim) && isText(claim.target) && isText(claim.sha256) && Number.isInteger(claim.bytes))
  )
}

function isInDoubt(inDoubt: unknown): boolean {
  if (inDoubt === null) return true
  if (!isJsonObject(inDoubt) || !isTime(inDoubt.from)) return false
  return [
    inDoubt.partition,
    inDoubt.producerId,
    inDoubt.producerEpoch,
    inDoubt.baseSequence,
    inDoubt.indexInBatch,
  ].every(Number.isInteger)
}
