// Refuses references to a name that the schemas lack but every JavaScript object inherits, such as
// `#/$defs/constructor`. Ajv looks names up in plain objects, so it would take the inherited value for the schema.
import type { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeKeyword } from './before-keyword.ts'
import type { ResolveRef } from './schema-steps.ts'

/** Makes the compilation of such a schema throw the Error that Ajv throws for any other missing name. */
export function refuseInheritedReferences(ajv: Ajv2020, resolveRef: ResolveRef): void {
  beforeKeyword(ajv, '$ref', ({ it, schema: reference }) => {
    const { root } = it.schemaEnv
    // Ajv does not look up the root itself.
    if (reference === '#' || reference === '#/') return
    const named: unknown = resolveRef.call(it.self, root, it.baseId, reference)
    const schema = typeof named === 'object' && named !== null && 'schema' in named ? named.schema : named
    if (schema !== undefined && !isSchema(schema))
      throw new Error(`can't resolve reference ${reference} from id ${it.baseId}`)
  })
  for (const keyword of ['$dynamicRef', '$dynamicAnchor'])
    beforeKeyword(ajv, keyword, ({ schema }) => {
      const name = String(schema).replace(/^#/, '')
      if (name in Object.prototype)
        throw new Error(`${keyword}: expected a name that not every object has, got ${name}`)
    })
}

/** The prototypes of objects, lists, texts and numbers are objects, too. */
function isSchema(value: unknown): boolean {
  if (typeof value === 'boolean') return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !Object.hasOwn(value, 'constructor') || typeof value.constructor !== 'function'
}
