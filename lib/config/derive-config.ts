import { withoutSecretsWhenShown } from './redacted.ts'
import type { ProducerConfig } from './settings.ts'

/** A copy with some settings changed; like the original it is frozen and shows no secret. */
export function deriveConfig(config: ProducerConfig, changes: Partial<ProducerConfig>): ProducerConfig {
  return Object.freeze(withoutSecretsWhenShown({ ...config, ...changes }))
}
