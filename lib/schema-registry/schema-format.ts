// The port of schema languages: a registered schema → what encodes values by it.
import type { RegisteredSchema, SchemaType } from './schema-registry.ts'

export interface SchemaEncoder {
  /**
   * The bytes without the id.
   * @param data a JsonText (whose `text` has digits that a double does not), parsed JSON, or a program's own value
   * @throws SerializationError of the kind `invalid-record` and the code `schema`, with violations whose pointers begin
   * at the data; the message never holds the data
   */
  encode(data: unknown): Uint8Array
  /** Protobuf only: which message of the file the bytes are. */
  readonly message?: {
    /** Confluent: the way to it, an index per level of nesting. */
    readonly path: readonly number[]
    /** Glue: its place among all messages of the file, sorted by full name. */
    readonly index: number
  }
}

export interface SchemaFormat {
  readonly type: SchemaType
  /**
   * @param message of Protobuf: the full name of the message. Default: the file's first one
   * @throws SerializationError of the kind `delivery-failure` and the code `schema-unusable` for a schema that can't be
   * read, or that this library does not support: no retry helps
   */
  compile(
    schema: RegisteredSchema,
    options?: { readonly message?: string | undefined },
  ): SchemaEncoder | Promise<SchemaEncoder>
}
