// Parses a registered JSON Schema, its dialect and its imports.
import type { SchemaDialect } from '../../contracts/create-ajv.ts'
import { isDeeperThan, isJsonObject, MAX_DEPTH, parseJson } from '../../record/json-object.ts'
import type { SchemaDefinition } from '../schema-registry.ts'
import { unusableSchema } from '../unusable-schema.ts'

export type JsonSchema = boolean | Readonly<Record<string, unknown>>

export interface JsonSchemaSource {
  /** The dialect; draft-07 without `$schema`, like Confluent. */
  readonly dialect: SchemaDialect
  readonly schema: JsonSchema
  /** Imported schemas by the name that `$ref` uses. */
  readonly imports: ReadonlyMap<string, JsonSchema>
}

const DIALECTS: ReadonlyMap<string, SchemaDialect> = new Map([
  ['json-schema.org/draft-07/schema', 'draft-07'],
  ['json-schema.org/draft/2020-12/schema', '2020-12'],
])

/** @throws SerializationError `schema-unusable` */
export function readJsonSchema({
  text,
  imports,
}: Pick<SchemaDefinition, 'text'> & { readonly imports: ReadonlyMap<string, string> }): JsonSchemaSource {
  const root = parsed(text)
  const dialect = dialectOf(root) ?? 'draft-07'
  const imported = [...imports].map(([name, importText]): [string, JsonSchema] => {
    const schema = parsed(importText)
    if ((dialectOf(schema) ?? dialect) !== dialect)
      throw unusableSchema(`expected imports of its own dialect (${dialect}), got another`)
    return [name, withoutDialect(schema)]
  })
  return { dialect, schema: withoutDialect(root), imports: new Map(imported) }
}

function parsed(text: string): JsonSchema {
  const schema = parseJson(text)
  if (!(typeof schema === 'boolean' || isJsonObject(schema)) || isDeeperThan(schema, MAX_DEPTH))
    throw unusableSchema(`expected a JSON Schema of at most ${MAX_DEPTH} levels, got something else`)
  return schema
}

/** @returns undefined if it names none */
function dialectOf(schema: JsonSchema): SchemaDialect | undefined {
  const name = typeof schema === 'object' ? schema.$schema : undefined
  if (name === undefined) return undefined
  const dialect = typeof name === 'string' ? DIALECTS.get(name.replace(/^https?:\/\/|#$/g, '')) : undefined
  if (dialect === undefined) throw unusableSchema('expected draft-07 or 2020-12 as $schema, got another')
  return dialect
}

/** Removes `$schema`, because Ajv accepts only one spelling of each dialect's name. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  if (typeof schema === 'boolean') return schema
  const { $schema: _, ...rest } = schema
  return rest
}
