// Publishes the failed records of any trigger as dead letters, with the facts about their source.
import type { Context } from 'aws-lambda'
import type { DeadLetterSource } from '../lib/dead-letter/dead-letter.ts'
import { publishFailures } from '../lib/dead-letter/publish-failures.ts'
import type { DeliveryReport, Failed } from '../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../lib/delivery/record-fate.ts'
import type { KafkaContext } from '../lib/lambda/kafka-producer-middleware.ts'
import type { SourceRecord } from '../lib/lambda/source-record.ts'
import { sourceForm } from '../lib/validate/source-form.ts'
import type { Services } from './create-services.ts'

export interface DeadLetterRules {
  readonly shouldDeadLetter: (failed: Failed, index: number) => boolean
  readonly sourceOf: (index: number) => Omit<DeadLetterSource, 'function'>
}

/**
 * Publishes the failed records that become dead letters.
 * @returns by index the fates of the failed records, except invalid records that get no dead letter: their fate is the
 *   decision of the caller
 */
export function publishDeadLetters(
  sourceRecords: readonly SourceRecord[],
  reports: readonly DeliveryReport[],
  { shouldDeadLetter, sourceOf }: DeadLetterRules,
  context: Context & KafkaContext,
  { deadLetters, contracts, log }: Services,
): Promise<Map<number, RecordFate>> {
  return publishFailures(reports, {
    deadLetters,
    idOf: index => (sourceRecords[index] as SourceRecord).id,
    sourceOf: index => ({ ...sourceOf(index), function: context.functionName ?? null }),
    shouldDeadLetter,
    unencodedOf: record => {
      const contract = contracts.get(record.topic)
      return contract && sourceForm(record, contract)
    },
    deadline: context.kafka.answerBy,
    onFailure: log.deadLetterFailed,
  })
}
