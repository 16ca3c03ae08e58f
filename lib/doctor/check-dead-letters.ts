// Writes a dead letter of nobody to each target and deletes it again: only that shows that a target takes dead letters.
import { randomUUID } from 'node:crypto'
import { deriveConfig } from '../config/derive-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { createDeadLetterPublisher } from '../create-dead-letter-publisher.ts'
import { type DeadLetter, toDeadLetter } from '../dead-letter/dead-letter.ts'
import type { TargetDeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import { storeKindOf } from '../dead-letter/store-kinds.ts'
import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import { notSent } from '../delivery/delivery-report.ts'
import { InvalidRecordError, innermostMessage } from '../errors.ts'
import { openDeadLetterStore } from '../redrive/open-dead-letters.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'

type Target = DeadLetterTargetConfig

const STORE_MS = 10_000

export async function checkDeadLetters(config: ProducerConfig): Promise<Check[]> {
  if (config.deadLetter.length === 0)
    return [skipped('dead letters', 'KAFKA_DEAD_LETTER is none: the source keeps what fails')]
  const checks: Check[] = []
  for (const target of config.deadLetter) checks.push(await checkTarget(target, config))
  return checks
}

async function checkTarget(target: Target, config: ProducerConfig): Promise<Check> {
  const name = `dead letters ${storeKindOf(target).describe(target)}`
  const deadLetter = probe()
  const deadLetters = createDeadLetterPublisher(deriveConfig(config, { deadLetter: [target], deadLetterNotify: [] }))
  const [location] = await deadLetters.store([deadLetter], Deadline.after(systemClock, STORE_MS))
  await deadLetters.close()
  if (typeof location !== 'string')
    return failed(
      name,
      innermostMessage(location) ?? 'not stored',
      'Check the target’s name, the right to write to it, and (in a VPC) an endpoint or a NAT that leads to it.',
    )
  const store = await openDeadLetterStore(target, config)
  try {
    const isGone = await remove(store, deadLetter, location)
    return isGone
      ? ok(name, 'written and deleted')
      : warning(name, 'written, not found again', `Delete dead letter ${deadLetter.deadLetterId} by hand.`)
  } catch (error) {
    return warning(
      name,
      `written, not deleted (${(error as Error).name})`,
      `Functions need no right to delete; redrive does. Delete dead letter ${deadLetter.deadLetterId} by hand.`,
    )
  } finally {
    await store.close()
  }
}

/** @returns false when it is not found again */
async function remove(store: TargetDeadLetterStore, deadLetter: DeadLetter, location: string): Promise<boolean> {
  const open = await store.find(deadLetter, location)
  if (open) await store.complete([{ open, location: 'doctor' }])
  return open !== undefined
}

/** Of an invalid record: a redrive that meets it leaves it alone. */
function probe(): DeadLetter {
  const error = new InvalidRecordError('unknown-topic', 'The doctor’s own dead letter.')
  const id = `doctor-${randomUUID()}`
  return toDeadLetter(notSent({ topic: '', value: 'doctor' }, undefined, error, Date.now()), id, {
    trigger: 'template',
    id,
    index: 0,
    function: 'doctor',
    arn: null,
    receiveCount: null,
  })
}
