// Stage 9 of 9: results of messages → the ids of those that go back to their queue, hidden until they should return.
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
