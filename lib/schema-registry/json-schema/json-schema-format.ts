// The format of a registry's JSON Schemas, with Ajv. The limits of contract files apply too: patterns must take linear
// time, and the steps of a validation are counted.
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js'
import { type AjvValidate, schemaCheck } from '../../contracts/ajv-violations.ts'
import { loadAjv } from '../../contracts/create-ajv.ts'
import { createPatternCheck } from '../../contracts/risky-patterns.ts'
import { SchemaEvaluation } from '../../contracts/schema-evaluation.ts'
import type { SchemaFormat } from '../schema-format.ts'
import { unusableSchema } from '../unusable-schema.ts'
import { jsonSchemaEncoder } from './json-schema-encoder.ts'
import { type JsonSchema, type JsonSchemaSource, readJsonSchema } from './read-json-schema.ts'
import { registryAjv } from './registry-ajv.ts'

/** How long checking patterns may take, ms. Kept short, because it blocks the event loop. */
const PATTERN_CHECK_MS = { one: 1000, all: 3000 }
const MAX_PATTERN_IN_MESSAGE = 100

export const jsonSchemaFormat: SchemaFormat = {
  type: 'JSON',
  compile: async registered => {
    const source = readJsonSchema(registered)
    await refuseRiskyPatterns(source)
    const create = await loadAjv(source.dialect)
    const validate = compileWithImports(registryAjv(create, false), source) as AjvValidate
    let explain: AjvValidate | undefined
    return jsonSchemaEncoder(
      schemaCheck(validate, () => {
        explain ??= compileWithImports(registryAjv(create, true), source) as AjvValidate
        return explain
      }),
    )
  },
}

/** @throws SerializationError `schema-unusable` */
export async function refuseRiskyPatterns({ schema, imports }: JsonSchemaSource): Promise<void> {
  const schemas = [schema, ...imports.values()]
  const { vulnerable, unknown } = (await createPatternCheck(schemas, PATTERN_CHECK_MS))(schemas)
  const risky = [...vulnerable, ...unknown]
  const [first] = risky
  if (first === undefined) return
  const others = risky.length > 1 ? ` and ${risky.length - 1} more` : ''
  throw unusableSchema(
    `expected patterns that take linear time, got ${first.slice(0, MAX_PATTERN_IN_MESSAGE)}${others}, on which a ` +
      'short text can take hours, or which could not be checked in time',
  )
}

/**
 * @param ajv a separate instance, so that an `$id` never conflicts with that of another schema
 * @throws SerializationError `schema-unusable`
 */
export function compileWithImports(ajv: Ajv2020, { schema, imports }: JsonSchemaSource): ValidateFunction {
  try {
    const bases = [schema, ...imports.values()].map(idOf)
    for (const [name, imported] of imports)
      for (const key of new Set([name, ...bases.map(base => ajv.opts.uriResolver.resolve(base, name))]))
        if (!(key in ajv.schemas || key in ajv.refs)) ajv.addSchema(imported, key)
    const validate = ajv.compile(schema)
    // Its validation would return a promise, which is truthy.
    if ('$async' in validate) throw new Error('expected no $async')
    // Ajv generates code at the first call: a schema that is nested too deeply fails here and not with each record.
    validate.call(new SchemaEvaluation(null), null)
    return validate
  } catch (cause) {
    throw unusableSchema(`expected a schema that can be compiled (${(cause as Error).message})`, cause)
  }
}

function idOf(schema: JsonSchema): string {
  return typeof schema === 'object' && typeof schema.$id === 'string' ? schema.$id : ''
}
