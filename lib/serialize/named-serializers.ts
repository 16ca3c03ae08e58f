// The serializers that settings can name.
import { jsonSerializer } from './json-serializer.ts'
import { doubleSerializer, integerSerializer, longSerializer } from './number-serializers.ts'
import type { Serializer } from './serializer.ts'
import { bytesSerializer, stringSerializer, uuidSerializer, voidSerializer } from './text-serializers.ts'

export type SerializerName = 'string' | 'json' | 'bytes' | 'integer' | 'long' | 'double' | 'uuid' | 'void'

const BY_NAME: Readonly<Record<SerializerName, Serializer<never>>> = {
  string: stringSerializer,
  json: jsonSerializer(),
  bytes: bytesSerializer,
  integer: integerSerializer,
  long: longSerializer,
  double: doubleSerializer,
  uuid: uuidSerializer,
  void: voidSerializer,
}

export function namedSerializer(name: SerializerName): Serializer {
  return BY_NAME[name] as Serializer
}
