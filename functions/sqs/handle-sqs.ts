// Describes SQS as a batch source: its parser, its answer and its policies.
import type { Context, SQSBatchResponse } from 'aws-lambda'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { handleBatch } from '../batch/handle-batch.ts'
import type { Services } from '../create-services.ts'
import { parseSqsItems } from './parse.ts'
import { respondToSqs } from './respond.ts'
import type { DelayReturns } from './return-delays.ts'

/**
 * Sends the records of an SQS batch.
 * @param delayReturns hides messages that go back; default: the visibility timeout of their queue applies
 * @throws KafkaProducerError for an event that is not an SQS batch; all of it goes back
 */
export function handleSqs(
  event: unknown,
  context: Context & KafkaContext,
  services: Services,
  delayReturns: DelayReturns = async () => {},
): Promise<SQSBatchResponse> {
  const { onFailureSqs, fifoOnInvalid } = services.config
  return handleBatch(event, context, services, {
    trigger: 'sqs',
    policy: { onFailure: onFailureSqs, onInvalid: fifoOnInvalid },
    parse: batch => parseSqsItems(batch, services),
    respond: (results, answerBy) => respondToSqs(results, answerBy, delayReturns),
  })
}
