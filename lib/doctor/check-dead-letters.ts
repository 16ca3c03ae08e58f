// Writes a test dead letter to each target and deletes it again, because only a write proves that the target works. For
// a Kafka target it checks the permission to write instead, because a record can't be deleted.
import { setTimeout } from 'node:timers/promises'
import { deriveConfig } from '../config/derive-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { createDeadLetterPublisher } from '../create-dead-letter-publisher.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { TargetDeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import { createProbe } from '../dead-letter/probe.ts'
import { storeKindOf } from '../dead-letter/store-kinds.ts'
import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import { describeError } from '../errors.ts'
import { openDeadLetterStore } from '../redrive/open-dead-letters.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { type Check, failed, ok, type Report, skipped, warning } from './check.ts'
import { checkDeadLetterTopics } from './check-cluster.ts'

type Target = DeadLetterTargetConfig

const STORE_MS = 6000
const REMOVE_MS = 6000
const REMOVED_LATER = 'The next redrive of this target removes it.'

/** @param topics whose dead-letter topics a Kafka target needs */
export async function checkDeadLetters(
  config: ProducerConfig,
  topics: readonly string[],
  report: Report,
): Promise<void> {
  if (config.deadLetter.length === 0)
    report(skipped('dead letters', 'KAFKA_DEAD_LETTER is none: failed records stay with their source'))
  await Promise.all(config.deadLetter.map(target => checkTarget(target, config, topics, report)))
}

async function checkTarget(
  target: Target,
  config: ProducerConfig,
  topics: readonly string[],
  report: Report,
): Promise<void> {
  const kind = storeKindOf(target)
  const kafka = kind.topicsOf?.(target, topics)
  if (kafka) {
    const { servers, topics: needed, withoutTopic } = kafka
    const optionally: Report = check =>
      report(isAbout(check, withoutTopic) && !needed.includes(withoutTopic) ? unneeded(check) : check)
    return checkDeadLetterTopics(config, servers, [...new Set([...needed, withoutTopic])], optionally)
  }
  const name = `dead letters ${kind.describe(target)}`
  const probe = createProbe()
  const publisher = createDeadLetterPublisher(deriveConfig(config, { deadLetter: [target], deadLetterNotify: [] }))
  const [location] = await publisher.store([probe], Deadline.after(systemClock, STORE_MS))
  // Not awaited: closing a target that does not answer may hang too.
  void publisher.close().catch(() => undefined)
  if (typeof location === 'string') return report(await removal(name, target, config, probe, location))
  const advice =
    'Check the target’s name, the permission to write to it, and (in a VPC) its endpoint or the NAT gateway.'
  report(failed(name, location === undefined ? 'not stored' : describeError(location), advice))
}

function isAbout({ name }: Check, topic: string): boolean {
  return name.endsWith(`:${topic}`)
}

/** Only a warning: this topic is needed only for records without a topic. */
function unneeded({ name, status, detail, advice = '' }: Check): Check {
  if (status !== 'failed') return { name, status, detail }
  return warning(name, detail, `${advice} It is for records without a topic; without it they go to the next target.`)
}

/** Finding this one may take long in a target with many dead letters. */
async function removal(
  name: string,
  target: Target,
  config: ProducerConfig,
  probe: DeadLetter,
  location: string,
): Promise<Check> {
  const store = await openDeadLetterStore(target, config)
  const timer = new AbortController()
  try {
    const isGone = await Promise.race([
      remove(store, probe, location),
      setTimeout(REMOVE_MS, false, { signal: timer.signal }),
    ])
    return isGone
      ? ok(name, 'written and deleted')
      : warning(name, 'written, and not found among the first dead letters there', REMOVED_LATER)
  } catch (error) {
    const words = `written, not deleted (${describeError(error)})`
    return warning(name, words, `Functions need no permission to delete; redrive does. ${REMOVED_LATER}`)
  } finally {
    timer.abort()
    // Closing ends a search that is still running.
    await store.close().catch(() => undefined)
  }
}

/** @returns false if it is not found again */
async function remove(store: TargetDeadLetterStore, probe: DeadLetter, location: string): Promise<boolean> {
  const open = await store.find(probe, location)
  if (open) await store.complete([{ open, location: 'doctor' }])
  return open !== undefined
}
