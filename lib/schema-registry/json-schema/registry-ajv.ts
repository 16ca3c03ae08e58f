// Ajv for the schemas of registries, which people elsewhere write: what one costs to compile has a bound, and it is
// linear. Contracts' schemas are compiled by the build.
import type { Ajv2020, CodeKeywordDefinition, KeywordCxt } from 'ajv/dist/2020.js'
import type { CreateAjv } from '../../contracts/create-ajv.ts'
import { isMetaSchema } from '../../contracts/schema-steps.ts'
import { isContainer } from '../../record/json-object.ts'

/** The keywords and subschemas of a schema and of what it refers to. */
const MAX_PARTS = 10_000

/** @param asSource whether code is written for a bundle; else, what would only make that code smaller is left out */
export function registryAjv(create: CreateAjv, allErrors: boolean, { asSource = false } = {}): Ajv2020 {
  const code = asSource ? { source: true, esm: true } : { source: false, optimize: false }
  // A copy per reference: 2,000 references to a schema of 2,000 parts.
  const ajv = create(allErrors, { inlineRefs: false, code })
  boundParts(ajv)
  return ajv
}

/** Makes the compilation of a schema with too many parts throw an Error. Counted is what code is made of. */
function boundParts(ajv: Ajv2020): void {
  let parts = 0
  for (const rule of Object.values(ajv.RULES.all)) {
    const definition = typeof rule === 'object' ? (rule.definition as Partial<CodeKeywordDefinition>) : {}
    const { code } = definition
    // A keyword such as `title` has none.
    if (!code) continue
    definition.code = (cxt, ruleType) => {
      if (!isMetaSchema(cxt)) parts += partsOf(cxt)
      if (parts > MAX_PARTS) throw new Error(`expected at most ${MAX_PARTS} keywords and subschemas, got more`)
      code(cxt, ruleType)
    }
  }
}

function partsOf({ keyword, schema }: KeywordCxt): number {
  // Members are looked up.
  if (!isContainer(schema) || keyword === 'enum' || keyword === 'const') return 1
  const entries = Object.values(schema)
  // Of `dependencies`, each property has a list of names.
  return entries.reduce((sum: number, entry) => sum + (Array.isArray(entry) ? entry.length : 0), 1 + entries.length)
}
