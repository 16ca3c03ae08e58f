// Stage 9 of 9: results → the ids of the messages that go back to their queue, hidden there until their next attempt.
import type { SQSBatchResponse } from 'aws-lambda'
import { type SqsMessage, toSqsResponse } from '../../lib/lambda/sqs-event.ts'
import type { Deadline } from '../../lib/time/deadline.ts'
import type { ItemResult } from '../batch/source-item.ts'
import type { DelayReturns } from './return-delays.ts'

export async function respondToSqs(
  results: readonly ItemResult<SqsMessage>[],
  answerBy: Deadline,
  delayReturns: DelayReturns,
): Promise<SQSBatchResponse> {
  const returned = results.filter(({ isReturned }) => isReturned).map(({ item }) => item)
  await delayReturns(returned, answerBy)
  return toSqsResponse(returned.map(({ id }) => id))
}
