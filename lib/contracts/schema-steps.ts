// Makes the code that Ajv generates count its steps. `this` is a SchemaEvaluation.
import type { Ajv2020, _ as code, KeywordCxt } from 'ajv/dist/2020.js'
import { isContainer } from '../record/json-object.ts'
import { beforeKeyword } from './before-keyword.ts'

export type ResolveRef = typeof import('ajv/dist/compile/index.js').resolveRef

export const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef']
const LIST_KEYWORDS = ['items', 'contains', 'unevaluatedItems'] as const
const OBJECT_KEYWORDS = ['additionalProperties', 'patternProperties', 'propertyNames', 'unevaluatedProperties'] as const
const TEXT_KEYWORDS = ['minLength', 'maxLength', 'pattern', 'format'] as const

/**
 * Adds counting to keywords whose work grows with the value. Not to `uniqueItems`, which reads a list once, nor to
 * `enum`, which reads at most as much as its members have. @param _ Ajv's template tag for code
 */
export function countWork(ajv: Ajv2020, _: typeof code, resolveRef: ResolveRef): void {
  const before = (keyword: string, steps: (cxt: KeywordCxt) => ReturnType<typeof code> | undefined) =>
    beforeKeyword(ajv, keyword, cxt => {
      const counting = isMetaSchema(cxt) ? undefined : steps(cxt)
      if (counting) cxt.gen.code(counting)
    })
  before('$ref', cxt => (isToItself(cxt, resolveRef) ? _`this.countReference(${partsOf(cxt)})` : undefined))
  for (const keyword of ['$dynamicRef', '$recursiveRef'])
    before(keyword, cxt => _`this.countReference(${partsOf(cxt)})`)
  const loop = (keyword: string, steps: (cxt: KeywordCxt) => ReturnType<typeof code>) =>
    before(keyword, cxt => (hasReferences(cxt) ? steps(cxt) : undefined))
  for (const keyword of LIST_KEYWORDS) loop(keyword, ({ data }) => _`this.countItems(${data}.length)`)
  for (const keyword of OBJECT_KEYWORDS)
    loop(keyword, ({ data, schema }) => {
      const patterns = keyword === 'patternProperties' ? Object.keys(schema).length : 1
      return _`this.countSteps(Object.keys(${data}).length * ${patterns})`
    })
  for (const keyword of TEXT_KEYWORDS)
    loop(keyword, ({ data }) => _`if (typeof ${data} === 'string') this.countCharacters(${data}.length)`)
}

/** Whether Ajv is checking a contract's schema itself, and not a value. */
export function isMetaSchema({ it }: KeywordCxt): boolean {
  return it.schemaEnv.root.meta === true
}

/**
 * Whether a reference names an enclosing schema. Ajv compiles other referenced schemas first, so only a schema that is
 * being compiled has no code yet, and every cycle of references contains one.
 */
function isToItself({ it, schema }: KeywordCxt, resolveRef: ResolveRef): boolean {
  const named = resolveRef.call(it.self, it.schemaEnv.root, it.baseId, schema)
  return typeof named === 'object' && 'validateName' in named && named.validate === undefined
}

/** Without references a schema can't refer to itself, and nothing needs to be counted. */
function hasReferences({ it }: KeywordCxt): boolean {
  return measure(it.schemaEnv.root.schema).hasReferences
}

function partsOf({ it }: KeywordCxt): number {
  return measure(it.schemaEnv.root.schema).parts
}

interface Measures {
  readonly parts: number
  readonly hasReferences: boolean
}

const MEASURES = new WeakMap<object, Measures>()

/** The number of objects of a schema. */
function measure(schema: unknown): Measures {
  if (!isContainer(schema)) return { parts: 1, hasReferences: false }
  const cachedMeasures = MEASURES.get(schema)
  if (cachedMeasures) return cachedMeasures
  let parts = 0
  let hasReferences = false
  const work: object[] = [schema]
  for (let part = work.pop(); part !== undefined; part = work.pop()) {
    if (!Array.isArray(part)) parts++
    hasReferences ||= REFERENCES.some(keyword => keyword in part)
    work.push(...Object.values(part).filter(isContainer))
  }
  const measures = { parts, hasReferences }
  MEASURES.set(schema, measures)
  return measures
}
