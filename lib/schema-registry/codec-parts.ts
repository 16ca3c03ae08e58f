// The value formats of schema registries for programs. A program may use any format and any registry, so each is
// imported on first use.
import { openConfluent, openGlue } from './clients.ts'
import { contractFormats } from './contract-formats.ts'
import { FORMATS } from './formats.ts'
import { type AskingParts, type RegistryCodecOptions, SCHEMA_TYPES } from './registry-codec-options.ts'

export function codecParts({ format, registry }: Pick<RegistryCodecOptions, 'format' | 'registry'>): AskingParts {
  return { loadFormat: FORMATS[SCHEMA_TYPES[format]], open: registry === 'glue' ? openGlue : openConfluent }
}

export const CONTRACT_FORMATS = contractFormats(codecParts)
