// The port of schema registries: which schema of a subject a record is written by, and the id that names it.

export type SchemaType = 'AVRO' | 'PROTOBUF' | 'JSON'

/** A schema that another one imports, as Confluent's registry stores it. */
export interface SchemaReference {
  /** What the schema calls it: a Protobuf import’s path, an Avro type’s full name, the `$ref` of a JSON Schema. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface SchemaDefinition {
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
}

/** What stands before the bytes of a record, or in a header of it. */
export type SchemaId =
  | {
      readonly registry: 'confluent'
      /** From 0 to 2^31 - 1. */
      readonly id: number
      /** For `value.schema.id.serializer=header`; undefined: the registry has none. */
      readonly guid: string | undefined
    }
  | {
      readonly registry: 'glue'
      /** A UUID. */
      readonly versionId: string
    }

export interface RegisteredSchema extends SchemaDefinition {
  readonly id: SchemaId
  /** The version within its subject; undefined: not known. */
  readonly version: number | undefined
  /** Name of a reference → text, of all that it imports, directly or not; each after those that it imports itself. */
  readonly imports: ReadonlyMap<string, string>
}

/** Characters of the schema and of all that it imports. */
export function textLength({ text, imports }: RegisteredSchema): number {
  let length = text.length
  for (const imported of imports.values()) length += imported.length
  return length
}

/** Which schema of a subject (of Glue: of a schema name) is meant. */
export type SchemaSelection =
  | { readonly by: 'version'; readonly subject: string; readonly version: 'latest' | number }
  | {
      readonly by: 'definition'
      readonly subject: string
      readonly definition: SchemaDefinition
      /** Registers the schema where the subject does not have it (`auto.register.schemas`). */
      readonly register: boolean
      /** `normalize.schemas` */
      readonly normalize: boolean
    }

/**
 * A client of one registry. It keeps what it has found for the container's life; calls for the same schema at the same
 * time share one request.
 */
export interface SchemaRegistry {
  /**
   * @param signal aborted at the record's deadline. Others that wait for the same request go on waiting
   * @throws SerializationError of the kind `delivery-failure`, by rejection: `schema-registry` (down, slow, throttles),
   * `schema-registry-access` (401, 403), `schema-not-found`, `schema-incompatible`, `schema-rules`, `schema-unusable`
   */
  find(selection: SchemaSelection, signal: AbortSignal): Promise<RegisteredSchema>
  /**
   * Asks whether a schema that the subject does not have could be registered, and registers nothing.
   * @returns for people: what the registry has checked
   * @throws SerializationError as `find`: `schema-incompatible`, `schema-unusable`
   */
  checkNew?(
    selection: Extract<SchemaSelection, { by: 'definition' }>,
    signal: AbortSignal,
  ): Promise<'compatible' | 'the first version' | 'valid'>
}
