// Stage 9 of 9: results of messages → the ids of those that go back to their queue.
import type { SQSBatchResponse } from 'aws-lambda'
import { toSqsResponse } from '../../lib/lambda/sqs-event.ts'
import type { ItemResult, SourceItem } from '../batch/source-item.ts'

export function respondToSqs(results: readonly ItemResult<SourceItem>[]): SQSBatchResponse {
  return toSqsResponse(results.filter(({ isReturned }) => isReturned).map(({ item }) => item.id))
}
