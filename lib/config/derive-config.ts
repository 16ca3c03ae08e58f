import { withoutSecretsWhenShown } from './redacted.ts'
import type { ProducerConfig } from './settings.ts'

/** Returns a copy with some settings changed. Like the original it is frozen and shows no secret when printed. */
export function deriveConfig(config: ProducerConfig, changes: Partial<ProducerConfig>): ProducerConfig {
  return Object.freeze(withoutSecretsWhenShown({ ...config, ...changes }))
}
