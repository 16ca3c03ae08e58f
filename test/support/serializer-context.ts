import type { CodecContext } from '../../lib/serialize/value-codec.ts'

/** The context of a record's value that nobody stops. */
export function serializerContext(fields: Partial<CodecContext> = {}): CodecContext {
  return { topic: 't', isKey: false, headers: [], signal: new AbortController().signal, config: undefined, ...fields }
}
