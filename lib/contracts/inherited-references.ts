// Refuses a `$ref` to a name that the schema lacks but every JavaScript object inherits, such as `#/$defs/constructor`.
// Ajv would take the inherited function for the schema and fail on its own error.
import type { Ajv2020, CodeKeywordDefinition } from 'ajv/dist/2020.js'

/** Makes the compilation of such a schema throw the Error that Ajv throws for any other missing name. */
export function refuseInheritedReferences(ajv: Ajv2020): void {
  const definition = ajv.getKeyword('$ref') as CodeKeywordDefinition
  const { code } = definition
  definition.code = (cxt, ruleType) => {
    const { root } = cxt.it.schemaEnv
    const reference = cxt.schema as string
    const isOfRoot = withoutHash(cxt.it.baseId) === withoutHash(root.baseId)
    if (isOfRoot && reference.startsWith('#/') && isInherited(root.schema, reference))
      throw new Error(`can't resolve reference ${reference} from id ${root.baseId || '#'}`)
    code(cxt, ruleType)
  }
}

const withoutHash = (id: string) => id.replace(/#$/, '')

/** Whether the JSON pointer leads through a property that an object of the schema inherits. */
function isInherited(schema: unknown, reference: string): boolean {
  let part = schema
  for (const step of reference.slice(2).split('/')) {
    if (typeof part !== 'object' || part === null) return false
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (!Object.hasOwn(part, name)) return name in part
    part = (part as Record<string, unknown>)[name]
  }
  return false
}
