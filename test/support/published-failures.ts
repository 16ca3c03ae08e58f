import assert from 'node:assert/strict'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import { type PublishFailuresContext, publishFailures } from '../../lib/dead-letter/publish-failures.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'

/** Publishes all failures of what a template sent, as code outside a function does. */
export async function publishedFailures(
  reports: readonly DeliveryReport[],
  options: Pick<PublishFailuresContext, 'idOf'> = {},
): Promise<{ readonly fates: ReadonlyMap<number, RecordFate>; readonly stored: readonly DeadLetter[] }> {
  const stored: DeadLetter[] = []
  const target = {
    store: async (deadLetters: readonly DeadLetter[]) => {
      stored.push(...deadLetters)
      return deadLetters.map(({ deadLetterId }) => `memory:${deadLetterId}`)
    },
    close: async () => {},
  }
  const common = { trigger: 'template', function: null, arn: null, receiveCount: null } as const
  const fates = await publishFailures(reports, {
    deadLetters: new DeadLetterPublisher([target]),
    sourceOf: index => ({ ...common, id: `source ${index}`, index }),
    shouldDeadLetter: () => true,
    onFailure: error => assert.fail(String(error)),
    ...options,
  })
  return { fates, stored }
}
