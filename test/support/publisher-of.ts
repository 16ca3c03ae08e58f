import { DeadLetterPublisher, type DeadLetterPublisherOptions } from '../../lib/dead-letter/dead-letter-publisher.ts'
import type { DeadLetterTargetServices } from '../../lib/dead-letter/dead-letter-target.ts'
import { createTarget, type DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'

export function publisherOf(
  configs: readonly DeadLetterTargetConfig[],
  services: DeadLetterTargetServices = {},
  options: DeadLetterPublisherOptions = {},
): DeadLetterPublisher {
  return new DeadLetterPublisher(
    configs.map(config => createTarget(config, services)),
    options,
  )
}
