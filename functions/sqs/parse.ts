// Stage 1 of 9: SQS batch → items, one per message. Pure.
import { parseSqsEvent, type SqsMessage } from '../../lib/lambda/sqs-event.ts'
import { isWarmUp } from '../../lib/lambda/warm-up.ts'
import type { SourceItem } from '../batch/source-item.ts'
import type { Services } from '../create-services.ts'

const WARM_UP: SqsMessage = {
  id: '',
  arn: '',
  receiveCount: null,
  receiptHandle: undefined,
  orderGroup: undefined,
  records: [],
  ignored: 'warm-up',
}

/**
 * Parses an SQS batch.
 * @throws KafkaProducerError for an event that is not an SQS batch; all of it goes back
 */
export function parseSqsItems(event: unknown, { contracts, config }: Services): readonly (SqsMessage & SourceItem)[] {
  return isWarmUp(event) ? [WARM_UP] : parseSqsEvent(event, contracts, config.defaultTopic)
}
