// Opens a source DLQ or a failure destination: its messages appear as dead letters of the records that they would have
// become.
import type { DeadLetterStoreServices } from '../dead-letter-store.ts'
import { type MessageQueueConfig, roleOf } from './message-queues.ts'
import { SqsDeadLetterStore } from './store.ts'

export function openStore(
  config: MessageQueueConfig,
  { readSourceMessage, takeLease, requestStop }: DeadLetterStoreServices,
): SqsDeadLetterStore {
  return new SqsDeadLetterStore(config.queueUrl, { role: roleOf(config), readSourceMessage, takeLease, requestStop })
}
