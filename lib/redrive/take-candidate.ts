// Which of the dead letters that a run reads it tries, and to which topic their records go.
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
  // One in doubt is looked for anyway.
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
    // The id of one with a claim check says nothing before the claim is read.
    foundAt: open.verified ? options.sentInRun?.locationOf(deadLetter) : undefined,
    keptFor: [topic, ...otherTopicInDoubt(deadLetter)].every(isAllowed) ? undefined : 'unknown-topic',
  }
}

/** Why a dead letter is not even tried; `other`: the filter leaves it out. */
export function whyUntried(
  deadLetter: DeadLetter,
  options: RedriveOptions,
): 'other' | 'parked' | 'invalid' | undefined {
  const { contracts, includeInvalid, to, maxAttempts = MAX_ATTEMPTS, isDeadLetterTopic = () => false } = options
  if (!matches(deadLetter, options, maxAttempts)) return 'other'
  const topic = to ?? deadLetter.record.topic
  if (isParked(deadLetter, maxAttempts) || (topic !== null && isDeadLetterTopic(topic))) return 'parked'
  // Its bytes are not those of its source: only an edit can make them so.
  const isChanged = deadLetter.failure.code === 'number-out-of-range' && deadLetter.editedFrom === undefined
  const isInvalid = isChanged || (deadLetter.failure.kind === 'invalid-record' && !(includeInvalid && contracts))
  return topic === null || isInvalid ? 'invalid' : undefined
}

/** Where the record may be beside its own topic. Anybody who may write to a target may name any topic there. */
function otherTopicInDoubt(deadLetter: DeadLetter): readonly string[] {
  const topic = topicInDoubt(deadLetter)
  return topic === null || topic === deadLetter.record.topic ? [] : [topic]
}
