// The types of keys and values that a configuration accepts, derived from the serializers set in code.
import type { Serializer } from '../serialize/serializer.ts'
import type { ModulePath, SerializerNames, SerializerSetting } from './class-names.ts'

/** A serializer in code: an object, a class, a name, or the path of a module. */
export type SerializerOption = Serializer<never> | (new () => Serializer<never>) | SerializerSetting | ModulePath

/** Accepted without a serializer: text, sent as UTF-8, and bytes, sent unchanged. */
export type TextOrBytes = string | Uint8Array

/** The type that each serializer with a name accepts. */
export interface TypesByName {
  string: string
  json: unknown
  bytes: Uint8Array
  integer: number
  long: number | bigint
  double: number
  uuid: string
  void: never
  'confluent-avro': unknown
  'confluent-protobuf': unknown
  'confluent-json-schema': unknown
  glue: unknown
}

/**
 * The type that a serializer accepts. `undefined` means no serializer in code: text or bytes. The type of a module is
 * unknown, so it accepts anything.
 */
export type Serialized<S> =
  S extends Serializer<infer T>
    ? T
    : S extends new () => Serializer<infer T>
      ? T
      : S extends keyof TypesByName
        ? TypesByName[S]
        : S extends keyof SerializerNames
          ? TypesByName[SerializerNames[S]]
          : S extends ModulePath
            ? unknown
            : TextOrBytes
