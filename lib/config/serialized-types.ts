// Which keys and values a configuration takes, by the serializers that are given in code.
import type { Serializer } from '../serialize/serializer.ts'
import type { ModulePath, SerializerNames, SerializerSetting } from './class-names.ts'

/** A serializer in code: an object, a class, a name, or the path of a module. */
export type SerializerOption = Serializer<never> | (new () => Serializer<never>) | SerializerSetting | ModulePath

/** Without a serializer: text as UTF-8, bytes unchanged. */
export type TextOrBytes = string | Uint8Array

/** What the serializers with a name take. */
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

/** What a serializer takes. `undefined`: none in code, so that text or bytes are sent. A module may take anything. */
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
