// Refuses a `$ref` to a name that the schemas lack but every JavaScript object inherits, such as `#/$defs/constructor`.
// Ajv looks names up in plain objects, so it would take the inherited value for the schema.
import type { Ajv2020, CodeKeywordDefinition } from 'ajv/dist/2020.js'
import type { ResolveRef } from './schema-steps.ts'

/** Makes the compilation of such a schema throw the Error that Ajv throws for any other missing name. */
export function refuseInheritedReferences(ajv: Ajv2020, resolveRef: ResolveRef): void {
  const definition = ajv.getKeyword('$ref') as CodeKeywordDefinition
  const { code } = definition
  definition.code = (cxt, ruleType) => {
    const { it, schema: reference } = cxt
    const { root } = it.schemaEnv
    // Ajv does not look up the root itself.
    if (reference !== '#' && reference !== '#/') {
      const named: unknown = resolveRef.call(it.self, root, it.baseId, reference)
      const schema = typeof named === 'object' && named !== null && 'schema' in named ? named.schema : named
      if (schema !== undefined && !isSchema(schema))
        throw new Error(`can't resolve reference ${reference} from id ${it.baseId}`)
    }
    code(cxt, ruleType)
  }
  refuseInheritedAnchors(ajv)
}

/** Ajv keeps the anchors of `$dynamicRef` in plain objects, too, where an inherited name counts as an anchor. */
function refuseInheritedAnchors(ajv: Ajv2020): void {
  for (const keyword of ['$dynamicRef', '$dynamicAnchor']) {
    // Draft-07 has neither.
    const definition = ajv.getKeyword(keyword) as CodeKeywordDefinition | false
    if (!definition) continue
    const { code } = definition
    definition.code = (cxt, ruleType) => {
      const name = String(cxt.schema).replace(/^#/, '')
      if (name in Object.prototype)
        throw new Error(`${keyword}: expected a name that not every object has, got ${name}`)
      code(cxt, ruleType)
    }
  }
}

/** The prototypes of objects, lists, texts and numbers are objects, too. */
function isSchema(value: unknown): boolean {
  if (typeof value === 'boolean') return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !Object.hasOwn(value, 'constructor') || typeof value.constructor !== 'function'
}
