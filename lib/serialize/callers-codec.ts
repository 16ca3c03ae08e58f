// Wraps a codec that the caller wrote: checks it once, and copies its bytes, as those of a serializer.
import { ConfigError, errorName, InvalidRecordError, isInstance, SerializationError } from '../errors.ts'
import { isThenable } from '../time/thenable.ts'
import { checkedData } from './checked-data.ts'
import type { ValueCodec } from './value-codec.ts'

const METHODS = ['fromText', 'read', 'check', 'encode'] as const
const FLAGS = ['isJson', 'keepsText', 'keepsBytes'] as const

/**
 * Wraps the codec.
 * @param where its place for messages, e.g. `value.codec`
 * @throws ConfigError for a value that is not a codec
 */
export function callersCodec(where: string, codec: ValueCodec): ValueCodec {
  const { format, shape, serializers, uses } = codec ?? {}
  const wrong = [
    ...METHODS.filter(name => typeof codec?.[name] !== 'function').map(name => `${name}()`),
    ...FLAGS.filter(name => typeof codec?.[name] !== 'boolean'),
    ...(typeof format === 'string' ? [] : ['format']),
    ...(typeof shape === 'object' && shape !== null ? [] : ['shape']),
    ...(Array.isArray(serializers) ? [] : ['serializers']),
  ]
  if (wrong.length > 0)
    throw new ConfigError([`${where}: expected a ValueCodec; missing, or of another type: ${wrong.join(', ')}.`])
  return {
    format,
    shape,
    serializers,
    uses,
    isJson: codec.isJson,
    keepsText: codec.keepsText,
    keepsBytes: codec.keepsBytes,
    fromText: text => codec.fromText(text),
    read: value => refusing(() => codec.read(value)),
    check: (content, extent) => refusing(() => codec.check(content, extent)),
    encode: (source, context) => {
      const data: unknown = codec.encode(source, context)
      return isThenable(data) ? Promise.resolve(data).then(checkedData) : checkedData(data)
    },
  }
}

/**
 * Turns errors of reading and checking into errors of the value, because neither calls another system. Only the codec's
 * own errors keep their messages.
 */
function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (isInstance(cause, InvalidRecordError)) throw cause
    const reason = isInstance(cause, SerializationError)
      ? cause.message.replace(/\.$/, '')
      : `the codec of the contract threw an error (${errorName(cause)})`
    throw new InvalidRecordError('bad-value', `value: ${reason}.`, { cause })
  }
}
