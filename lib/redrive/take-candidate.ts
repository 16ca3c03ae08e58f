// Decides which dead letters a run tries, and to which topic their records are sent.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import type { Candidate } from './candidate.ts'
import type { RedriveOptions } from './redrive-options.ts'
import { topicInDoubt, withTopic } from './retried-dead-letter.ts'
import type { RunState } from './run-state.ts'
import { isParked, MAX_ATTEMPTS, matches } from './select-dead-letters.ts'

/** Counts a dead letter. @returns undefined if it is not tried */
export function takeCandidate(open: OpenDeadLetter, run: RunState): Candidate | undefined {
  const { options, counts } = run
  const { contracts, anyTopic, to, deadLetterTargets } = options
  const { deadLetter, siblings = [] } = open
  const untried = whyUntried(deadLetter, options)
  if (untried === 'other') return undefined
  counts.match(deadLetter.record.topic ?? '', deadLetter.failure.code)
  if (untried !== undefined) {
    counts[untried]++
    run.reportKept(open, untried)
    return undefined
  }
  if (!deadLetterTargets?.isOn && siblings.some(sibling => whyUntried(sibling, options) !== undefined)) {
    run.skip(open, 'message-not-whole')
    return undefined
  }
  // A record in doubt is searched anyway.
  if (open.isUncertain && deadLetter.inDoubt === null && options.log) {
    run.skip(open, 'completion-unknown')
    return undefined
  }
  const topic = (to ?? deadLetter.record.topic) as string
  const isAllowed = (each: string) => !contracts || anyTopic || contracts.has(each)
  return {
    open,
    deadLetter: deadLetter.inDoubt ? deadLetter : withTopic(deadLetter, topic),
    topic,
    partition: undefined,
    // The id of a dead letter with a claim check is not verified before the claim is read.
    foundAt: open.verified ? options.sentInRun?.locationOf(deadLetter) : undefined,
    keptFor: [topic, ...otherTopicInDoubt(deadLetter)].every(isAllowed) ? undefined : 'unknown-topic',
  }
}

/** Returns why a dead letter is not tried; `other` if the filter excludes it. */
export function whyUntried(
  deadLetter: DeadLetter,
  options: RedriveOptions,
): 'other' | 'parked' | 'invalid' | undefined {
  const { contracts, includeInvalid, to, maxAttempts = MAX_ATTEMPTS, isDeadLetterTopic = () => false } = options
  if (!matches(deadLetter, options, maxAttempts)) return 'other'
  const topic = to ?? deadLetter.record.topic
  if (isParked(deadLetter, maxAttempts) || (topic !== null && isDeadLetterTopic(topic))) return 'parked'
  // Its bytes differ from the source's; only an edit can correct that.
  const isChanged = deadLetter.failure.code === 'number-out-of-range' && deadLetter.editedFrom === undefined
  const isInvalid = isChanged || (deadLetter.failure.kind === 'invalid-record' && !(includeInvalid && contracts))
  return topic === null || isInvalid ? 'invalid' : undefined
}

/** Returns another topic that the record may be in. A forged dead letter may name any topic, so it is checked. */
function otherTopicInDoubt(deadLetter: DeadLetter): readonly string[] {
  const topic = topicInDoubt(deadLetter)
  return topic === null || topic === deadLetter.record.topic ? [] : [topic]
}
