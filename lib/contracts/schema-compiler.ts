// Compiles JSON Schemas with Ajv, for programs that load contracts at run time. Functions use standalone code from the
// build instead, so that a cold start compiles nothing.
import { type AjvValidate, schemaCheck } from './ajv-violations.ts'
import type { SchemaCompiler } from './contract.ts'
import { createAjv } from './create-ajv.ts'
import { createPatternCheck } from './risky-patterns.ts'

/** How long checking one pattern may take, ms: recheck's own default. */
const PATTERN_CHECK_MS = 10_000

export interface SchemaCompilerOptions {
  /** The schemas that will be compiled. Default: any. recheck, which is large, is loaded only if one has patterns. */
  readonly schemas?: readonly unknown[]
  /** How long checking one pattern may take, ms; a pattern without an answer by then is refused. Default: 10,000. */
  readonly patternCheckMs?: number
}

export async function createSchemaCompiler({
  schemas,
  patternCheckMs = PATTERN_CHECK_MS,
}: SchemaCompilerOptions = {}): Promise<SchemaCompiler> {
  const ajv = await createAjv(false)
  const explaining = await createAjv(true)
  const riskyPatterns = await createPatternCheck(schemas, { one: patternCheckMs })
  return (topic, schema) => {
    const { vulnerable, unknown } = riskyPatterns(schema)
    if (vulnerable.length > 0)
      throw new Error(
        `contracts/${topic}.json: value.schema: expected patterns that take linear time, got ` +
          `${vulnerable.join(', ')}, on which a short text can take hours.`,
      )
    if (unknown.length > 0)
      throw new Error(
        `contracts/${topic}.json: value.schema: expected patterns that take linear time, got ${unknown.join(', ')}, ` +
          'which could not be checked in time. Write them without nested repetitions.',
      )
    try {
      const [validate, explain] = [ajv, explaining].map(each => each.compile(schema as object) as AjvValidate)
      return schemaCheck(validate as AjvValidate, () => explain as AjvValidate)
    } catch (error) {
      throw new Error(`contracts/${topic}.json: value.schema: ${(error as Error).message}`)
    }
  }
}
