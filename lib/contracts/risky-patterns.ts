// Patterns of a schema that a hostile text could keep busy (ReDoS), found by recheck.
import { ifMissing } from '../optional-packages.ts'
import { importCommonJs } from '../record/import-common-js.ts'

interface RiskyPatterns {
  readonly vulnerable: readonly string[]
  /** Those that the check can't judge in its time. */
  readonly unknown: readonly string[]
}

export type PatternCheck = (schema: unknown) => RiskyPatterns

/**
 * @param schemas the schemas that will be checked; recheck, which is large, is loaded only if one has patterns.
 * Undefined: any
 * @param timeoutMs how long the check of one pattern may take
 */
export async function createPatternCheck(
  schemas: readonly unknown[] | undefined,
  timeoutMs: number,
): Promise<PatternCheck> {
  const hasPatterns = schemas === undefined || patternsIn(schemas).next().done !== true
  const recheck = hasPatterns ? await importCommonJs(import('recheck').catch(ifMissing('patterns'))) : undefined
  return schema => {
    const patterns = [...new Set(patternsIn(schema))]
    if (patterns.length === 0) return { vulnerable: [], unknown: [] }
    if (!recheck) throw new Error('Expected a schema that the check was created for.')
    const judged = Map.groupBy(patterns, pattern => {
      const judgement = recheck.checkSync(pattern, 'u', { timeout: timeoutMs })
      // Ajv says what is wrong with a pattern that is none.
      return judgement.status === 'unknown' && judgement.error.kind === 'invalid' ? 'safe' : judgement.status
    })
    return { vulnerable: judged.get('vulnerable') ?? [], unknown: judged.get('unknown') ?? [] }
  }
}

function* patternsIn(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'pattern' && typeof value === 'string') yield value
    if (name === 'patternProperties' && typeof value === 'object' && value !== null) yield* Object.keys(value)
    yield* patternsIn(value)
  }
}
