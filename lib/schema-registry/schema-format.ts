// The port of schema languages: compiles a registered schema into an encoder.
import type { RegisteredSchema, SchemaType } from './schema-registry.ts'

export interface SchemaEncoder {
  /**
   * Returns the encoded value without the schema id.
   * @param data a JsonText (whose `text` has digits that a double does not), parsed JSON, or a value from code
   * @throws SerializationError of the kind `invalid-record` and the code `schema`, with violations whose pointers begin
   * at the data; the message never holds the data
   */
  encode(data: unknown): Uint8Array
  /** Protobuf only: the position of the message in its file. */
  readonly message?: {
    /** For Confluent: one index per level of nesting. */
    readonly path: readonly number[]
    /** For Glue: the index among all messages of the file, sorted by full name. */
    readonly index: number
  }
}

export interface SchemaFormat {
  readonly type: SchemaType
  /**
   * @param message for Protobuf, the full name of the message. Default: the first one in the file
   * @throws SerializationError of the kind `delivery-failure` and the code `schema-unusable` for a schema that can't be
   * read, or that this library does not support: no retry helps
   */
  compile(
    schema: RegisteredSchema,
    options?: { readonly message?: string | undefined },
  ): SchemaEncoder | Promise<SchemaEncoder>
}
