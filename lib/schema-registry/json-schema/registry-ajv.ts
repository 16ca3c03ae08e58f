// Creates Ajv for the schemas of registries, which are untrusted: the cost of compiling one is bounded and linear.
// Schemas of contracts are compiled by the build instead.
import type { Ajv2020, CodeKeywordDefinition, KeywordCxt } from 'ajv/dist/2020.js'
import type { CreateAjv } from '../../contracts/create-ajv.ts'
import { isMetaSchema } from '../../contracts/schema-steps.ts'
import { isContainer } from '../../record/json-object.ts'

/** The most keywords and subschemas of a schema, including those that it refers to. */
const MAX_PARTS = 10_000

/** @param asSource true if the code goes into a bundle; false skips steps that only make the code smaller */
export function registryAjv(create: CreateAjv, allErrors: boolean, { asSource = false } = {}): Ajv2020 {
  const code = asSource ? { source: true, esm: true } : { source: false, optimize: false }
  // Inlining would copy a schema for each reference, e.g. 2,000 references to a schema of 2,000 parts.
  const ajv = create(allErrors, { inlineRefs: false, code })
  boundParts(ajv)
  return ajv
}

/** Makes Ajv throw for a schema with too many parts. Only parts for which Ajv generates code are counted. */
function boundParts(ajv: Ajv2020): void {
  let parts = 0
  for (const rule of Object.values(ajv.RULES.all)) {
    const definition = typeof rule === 'object' ? (rule.definition as Partial<CodeKeywordDefinition>) : {}
    const { code } = definition
    // A keyword such as `title` generates no code.
    if (!code) continue
    definition.code = (cxt, ruleType) => {
      if (!isMetaSchema(cxt)) parts += partsOf(cxt)
      if (parts > MAX_PARTS) throw new Error(`expected at most ${MAX_PARTS} keywords and subschemas, got more`)
      code(cxt, ruleType)
    }
  }
}

function partsOf({ keyword, schema }: KeywordCxt): number {
  // Members of an enum are looked up, so they generate no code.
  if (!isContainer(schema) || keyword === 'enum' || keyword === 'const') return 1
  const entries = Object.values(schema)
  // In `dependencies`, each property has a list of names.
  return entries.reduce((sum: number, entry) => sum + (Array.isArray(entry) ? entry.length : 0), 1 + entries.length)
}
