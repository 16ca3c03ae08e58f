import type { SerializerContext } from '../../lib/serialize/serializer.ts'

/** The context of a record's value that nobody stops. */
export function serializerContext(fields: Partial<SerializerContext> = {}): SerializerContext {
  return { topic: 't', isKey: false, headers: [], signal: new AbortController().signal, ...fields }
}
