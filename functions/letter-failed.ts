// Failed records of any trigger → letters, with what the functions know of their source.
import type { Context } from 'aws-lambda'
import type { LetterSource } from '../lib/dead-letter/envelope.ts'
import { letterFailures } from '../lib/dead-letter/letter-failures.ts'
import type { DeliveryReport, Failed } from '../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../lib/delivery/record-fate.ts'
import type { KafkaContext } from '../lib/lambda/kafka-producer-middleware.ts'
import { keyOfFaulty } from '../lib/validate/record-validator.ts'
import type { Services } from './create-services.ts'
import type { RequestedRecord } from './requested-record.ts'

export interface LetterRules {
  readonly isLettered: (failed: Failed, index: number) => boolean
  readonly sourceOf: (index: number) => Omit<LetterSource, 'function'>
}

/** The fates of the failed records, by index; none for a record at fault that is not to be lettered. */
export function letterFailed(
  requested: readonly RequestedRecord[],
  reports: readonly DeliveryReport[],
  { isLettered, sourceOf }: LetterRules,
  context: Context & KafkaContext,
  { letters, contracts, report }: Services,
): Promise<Map<number, RecordFate>> {
  return letterFailures(reports, {
    letters,
    idOf: index => (requested[index] as RequestedRecord).id,
    sourceOf: index => ({ ...sourceOf(index), function: context.functionName ?? null }),
    isLettered,
    keyOf: record => {
      const contract = contracts.get(record.topic)
      return contract ? keyOfFaulty(record, contract) : null
    },
    deadline: context.kafka.answerBy,
    onFailure: report.letterFailed,
  })
}
