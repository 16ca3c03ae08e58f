// JSON Schemas → checks, by Ajv, for programs that load contracts at run time. Functions get the standalone code that
// the build makes of a schema, so that a cold start compiles nothing.
import type { Ajv2020 } from 'ajv/dist/2020.js'
import { ifMissing } from '../optional-packages.ts'
import { importCommonJs } from '../record/import-common-js.ts'
import { type AjvValidate, schemaCheck } from './ajv-violations.ts'
import type { SchemaCompiler } from './contract.ts'
import { replaceKeywords } from './schema-keywords.ts'

type Recheck = Pick<typeof import('recheck'), 'checkSync'>

/** The time that the check of one pattern may take, ms: recheck's own default. */
const PATTERN_CHECK_MS = 10_000

/**
 * @param allErrors finds all violations of a value, however many they are; else the first one
 */
export async function createAjv(allErrors: boolean): Promise<Ajv2020> {
  const { Ajv, _, addFormats, resolveRef } = await importAjv()
  // Strict mode would refuse common schemas, such as one with a union type.
  const options = { strict: 'log', allErrors, messages: false, logger: false, passContext: true } as const
  const ajv = new Ajv({ ...options, code: { source: true, esm: true } })
  addFormats(ajv)
  replaceKeywords(ajv, _, resolveRef)
  return ajv
}

async function importAjv() {
  const { Ajv2020, _ } = await importCommonJs(import('ajv/dist/2020.js').catch(ifMissing('contracts')))
  const { resolveRef } = await importCommonJs(import('ajv/dist/compile/index.js').catch(ifMissing('contracts')))
  const { default: addFormats } = await import('ajv-formats').catch(ifMissing('contracts'))
  return { Ajv: Ajv2020, _, resolveRef, addFormats: addFormats as unknown as (ajv: Ajv2020) => void }
}

export interface SchemaCompilerOptions {
  /** The schemas that it will compile. Default: any. recheck, which is large, is loaded only if one has patterns. */
  readonly schemas?: readonly unknown[]
  /** How long the check of one pattern may take; one that it can't judge by then is refused. Default: 10 s. */
  readonly patternCheckMs?: number
}

export async function createSchemaCompiler({
  schemas,
  patternCheckMs = PATTERN_CHECK_MS,
}: SchemaCompilerOptions = {}): Promise<SchemaCompiler> {
  const ajv = await createAjv(false)
  const explaining = await createAjv(true)
  const hasPatterns = schemas === undefined || patternsIn(schemas).next().done !== true
  const recheck = hasPatterns ? await importCommonJs(import('recheck').catch(ifMissing('patterns'))) : undefined
  return (topic, schema) => {
    const { vulnerable, unknown } = riskyPatterns(schema, recheck, patternCheckMs)
    if (vulnerable.length > 0)
      throw new Error(
        `contracts/${topic}.json: value.schema: expected patterns that take linear time, got ` +
          `${vulnerable.join(', ')}, which a short text can keep busy for hours.`,
      )
    if (unknown.length > 0)
      throw new Error(
        `contracts/${topic}.json: value.schema: expected patterns that take linear time, got ${unknown.join(', ')}, ` +
          'for which the check finds no answer. Write them without nested repetitions.',
      )
    try {
      const [validate, explain] = [ajv, explaining].map(each => each.compile(schema as object) as AjvValidate)
      return schemaCheck(validate as AjvValidate, () => explain as AjvValidate)
    } catch (error) {
      throw new Error(`contracts/${topic}.json: value.schema: ${(error as Error).message}`)
    }
  }
}

/** Finds patterns of a schema that a hostile text could keep busy (ReDoS), and those that the check can't judge. */
function riskyPatterns(
  schema: unknown,
  recheck: Recheck | undefined,
  timeout: number,
): Record<'vulnerable' | 'unknown', readonly string[]> {
  const patterns = [...new Set(patternsIn(schema))]
  if (patterns.length === 0) return { vulnerable: [], unknown: [] }
  if (!recheck) throw new Error('Expected a schema that the compiler was created for.')
  const judged = Map.groupBy(patterns, pattern => {
    const judgement = recheck.checkSync(pattern, 'u', { timeout })
    // Ajv says what is wrong with a pattern that is none.
    return judgement.status === 'unknown' && judgement.error.kind === 'invalid' ? 'safe' : judgement.status
  })
  return { vulnerable: judged.get('vulnerable') ?? [], unknown: judged.get('unknown') ?? [] }
}

function* patternsIn(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'pattern' && typeof value === 'string') yield value
    if (name === 'patternProperties' && typeof value === 'object' && value !== null) yield* Object.keys(value)
    yield* patternsIn(value)
  }
}
