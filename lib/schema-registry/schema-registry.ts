// The port of schema registries: finds the schema of a subject and its id.

export type SchemaType = 'AVRO' | 'PROTOBUF' | 'JSON'

/** A schema that another one imports, as Confluent's registry stores it. */
export interface SchemaReference {
  /** The name inside the schema: a Protobuf import’s path, an Avro type’s full name, or the `$ref` of a JSON Schema. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface SchemaDefinition {
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
}

/** The id that is written before the bytes of a record, or into a header. */
export type SchemaId =
  | {
      readonly registry: 'confluent'
      /** From 0 to 2^31 - 1. */
      readonly id: number
      /** For `value.schema.id.serializer=header`; undefined if the registry has none. */
      readonly guid: string | undefined
    }
  | {
      readonly registry: 'glue'
      /** A UUID. */
      readonly versionId: string
    }

export interface RegisteredSchema extends SchemaDefinition {
  readonly id: SchemaId
  /** The version within its subject; undefined if unknown. */
  readonly version: number | undefined
  /** The texts of all direct and indirect imports by reference name, each after its own imports. */
  readonly imports: ReadonlyMap<string, string>
}

/** Returns the number of characters of the schema and all of its imports. */
export function textLength({ text, imports }: RegisteredSchema): number {
  let length = text.length
  for (const imported of imports.values()) length += imported.length
  return length
}

/** Selects a schema of a subject (in Glue, of a schema name). */
export type SchemaSelection =
  | { readonly by: 'version'; readonly subject: string; readonly version: 'latest' | number }
  | {
      readonly by: 'definition'
      readonly subject: string
      readonly definition: SchemaDefinition
      /** Registers the schema if the subject does not have it (`auto.register.schemas`). */
      readonly register: boolean
      /** `normalize.schemas` */
      readonly normalize: boolean
    }

/**
 * A client of one registry. It caches schemas for the container's life; concurrent calls for the same schema share one
 * request.
 */
export interface SchemaRegistry {
  /**
   * @param signal aborted at the record's deadline. Other callers of the same request keep waiting
   * @throws SerializationError of the kind `delivery-failure`, by rejection: `schema-registry` (down, slow, throttles),
   * `schema-registry-access` (401, 403), `schema-not-found`, `schema-incompatible`, `schema-rules`, `schema-unusable`
   */
  find(selection: SchemaSelection, signal: AbortSignal): Promise<RegisteredSchema>
  /**
   * Checks whether a new schema could be registered for the subject, without registering it.
   * @returns a text for people that says what the registry has checked
   * @throws SerializationError as `find`: `schema-incompatible`, `schema-unusable`
   */
  checkNew?(
    selection: Extract<SchemaSelection, { by: 'definition' }>,
    signal: AbortSignal,
  ): Promise<'compatible' | 'the first version' | 'valid'>
}
