// Finds patterns of a schema on which a hostile text could cause exponential run time (ReDoS), with recheck.
import { ifMissing } from '../optional-packages.ts'
import { importCommonJs } from '../record/import-common-js.ts'

interface RiskyPatterns {
  readonly vulnerable: readonly string[]
  /** Patterns for which recheck found no answer in time. */
  readonly unknown: readonly string[]
}

export type PatternCheck = (schema: unknown) => RiskyPatterns

/** The longest pattern that recheck gets, in characters. */
const MAX_PATTERN = 1000

export interface PatternTimes {
  /** How long the check of one pattern may take, ms. */
  readonly one: number
  /** How long checking all patterns of a schema may take, ms; the rest counts as unknown. Default: no limit. */
  readonly all?: number
  readonly now?: () => number
}

/**
 * @param schemas the schemas that will be checked, undefined for any. recheck, which is large, is loaded only if one
 * has patterns
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
      // recheck never returns if its timeout is a fraction of a millisecond, or if a pattern is nested too deeply for
      // its stack.
      const timeout = Math.floor(Math.min(one, until - now()))
      if (timeout < 1 || pattern.length > MAX_PATTERN) return 'unknown'
      const judgement = recheck.checkSync(pattern, 'u', { timeout })
      // Ajv reports invalid patterns with a better message.
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
