// Patterns of a schema that a hostile text could keep busy (ReDoS), found by recheck.
import { ifMissing } from '../optional-packages.ts'
import { importCommonJs } from '../record/import-common-js.ts'

interface RiskyPatterns {
  readonly vulnerable: readonly string[]
  /** Those that the check can't judge in its time. */
  readonly unknown: readonly string[]
}

export type PatternCheck = (schema: unknown) => RiskyPatterns

/** Characters of a pattern that recheck is asked about. */
const MAX_PATTERN = 1000

export interface PatternTimes {
  /** How long the check of one pattern may take, ms. */
  readonly one: number
  /** How long the check of all of a schema may take; those that are left then are unknown. Default: no limit */
  readonly all?: number
  readonly now?: () => number
}

/**
 * @param schemas the schemas that will be checked; recheck, which is large, is loaded only if one has patterns.
 * Undefined: any
 */
export async function createPatternCheck(
  schemas: readonly unknown[] | undefined,
  { one, all = Number.POSITIVE_INFINITY, now = () => performance.now() }: PatternTimes,
): Promise<PatternCheck> {
  const hasPatterns = schemas === undefined || patternsIn(schemas).next().done !== true
  const recheck = hasPatterns ? await importCommonJs(import('recheck').catch(ifMissing('patterns'))) : undefined
  return schema => {
    const patterns = [...new Set(patternsIn(schema))]
    if (patterns.length === 0) return { vulnerable: [], unknown: [] }
    if (!recheck) throw new Error('Expected a schema that the check was created for.')
    const until = now() + all
    const judged = Map.groupBy(patterns, pattern => {
      // recheck never returns from a part of a millisecond, or from a pattern that is nested too deeply for its stack.
      const timeout = Math.floor(Math.min(one, until - now()))
      if (timeout < 1 || pattern.length > MAX_PATTERN) return 'unknown'
      const judgement = recheck.checkSync(pattern, 'u', { timeout })
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
