// Stage 9 of 9: what goes back to the queue → batchItemFailures, by message id, each once. Pure.
import type { SQSBatchResponse } from 'aws-lambda'

export function toResponse(returned: Iterable<string>): SQSBatchResponse {
  return { batchItemFailures: [...new Set(returned)].map(itemIdentifier => ({ itemIdentifier })) }
}
