// Hides a message that goes back to its queue for longer the more often it was received, so that an outage causes fewer
// and fewer invocations. Messages stay in the queue whatever fails here: without the permission
// sqs:ChangeMessageVisibility they return after the queue's own visibility timeout.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html

import { awsDomain } from '../../lib/dead-letter/aws-domain.ts'
import { errorName, KafkaProducerError } from '../../lib/errors.ts'
import { returnDelayS } from '../../lib/lambda/return-delay.ts'
import type { SqsMessage } from '../../lib/lambda/sqs-event.ts'
import { type Clock, elapsedSince, type Moment, moment, systemClock } from '../../lib/time/clock.ts'
import type { Deadline } from '../../lib/time/deadline.ts'

/** Hides the messages from their queue's consumers. Never rejects, and ends before `answerBy`. */
export type DelayReturns = (messages: readonly SqsMessage[], answerBy: Deadline) => Promise<void>

export interface VisibilityChange {
  readonly arn: string
  readonly delayS: number
  readonly receiptHandles: readonly string[]
}

interface ReturnDelayOptions {
  /** The longest delay, s. */
  readonly maxS: number
  readonly warn: (text: string) => void
  readonly clock?: Clock
  readonly random?: () => number
}

/** With less time left, in ms, no request is sent. */
const MIN_MS = 500
const MAX_MS = 2000
/** How long a container sends no ChangeMessageVisibility to a queue after one failed, ms. */
const PAUSE_MS = 300_000

/**
 * Plans one delay per queue and receive count, so that a batch returns as a batch. The messages of an order group get
 * the delay of the one that was received most often: if they returned separately, the last one would hold up the group.
 */
export function planVisibilityChanges(
  messages: readonly SqsMessage[],
  maxS: number,
  random?: () => number,
): VisibilityChange[] {
  const groups = Map.groupBy(
    messages.filter(({ receiptHandle, receiveCount }) => receiptHandle !== undefined && receiveCount !== null),
    ({ arn, orderGroup, receiveCount }) => orderGroup ?? `${arn} ${receiveCount}`,
  )
  return [...groups.values()].map(group => ({
    arn: (group[0] as SqsMessage).arn,
    delayS: returnDelayS(Math.max(...group.map(({ receiveCount }) => receiveCount as number)), maxS, random),
    receiptHandles: group.map(({ receiptHandle }) => receiptHandle as string),
  }))
}

/** Creates the function that hides messages. It does nothing if `maxS` is 0. */
export function createReturnDelays({ maxS, warn, clock = systemClock, random }: ReturnDelayOptions): DelayReturns {
  const pausedSince = new Map<string, Moment>()
  const isPaused = (arn: string) => {
    const since = pausedSince.get(arn)
    return since !== undefined && elapsedSince(clock, since) < PAUSE_MS
  }
  return async (messages, answerBy) => {
    const withinMs = Math.floor(Math.min(MAX_MS, answerBy.remaining))
    if (maxS === 0 || messages.length === 0 || withinMs < MIN_MS) return
    const signal = AbortSignal.timeout(withinMs)
    const changes = planVisibilityChanges(messages, maxS, random).filter(({ arn }) => !isPaused(arn))
    await Promise.all(
      changes.map(async change => {
        const failure = await changeVisibility(change, signal)
        if (failure === undefined || isPaused(change.arn)) return
        pausedSince.set(change.arn, moment(clock))
        warn(
          `The visibility of returned messages was not changed (${failure}); they return after the timeout of their ` +
            'queue. The function needs sqs:ChangeMessageVisibility, or set KAFKA_SQS_RETURN_DELAY_MAX_MS=0.',
        )
      }),
    )
  }
}

/**
 * Hides the messages.
 * @returns the code of the failure, if any
 */
async function changeVisibility(
  { arn, delayS, receiptHandles }: VisibilityChange,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { SqsQueue } = await import('../../lib/dead-letter/sqs/queue.ts')
    const queue = new SqsQueue(queueUrl(arn))
    try {
      const hidden = await queue.hide(receiptHandles, delayS, signal)
      return hidden.every(Boolean) ? undefined : 'not all were changed'
    } finally {
      await queue.close()
    }
  } catch (error) {
    return (error instanceof KafkaProducerError ? error.causeCode : null) ?? errorName(error)
  }
}

function queueUrl(arn: string): string {
  const [, , , region = '', account, name] = arn.split(':')
  const local = process.env.AWS_ENDPOINT_URL_SQS ?? process.env.AWS_ENDPOINT_URL
  return `${local ?? `https://sqs.${region}.${awsDomain(region)}`}/${account}/${name}`
}
