// A codec of the caller's: checked once, and its bytes are copied, as those of a serializer are.
import { ConfigError, errorName, InvalidRecordError, isInstance, SerializationError } from '../errors.ts'
import { isThenable } from '../time/thenable.ts'
import { checkedData } from './checked-data.ts'
import type { ValueCodec } from './value-codec.ts'

const METHODS = ['fromText', 'read', 'check', 'encode'] as const
const FLAGS = ['isJson', 'keepsText', 'keepsBytes'] as const

/** @param where for the message, e.g. `value.codec` @throws ConfigError for what is no codec */
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

/** Reading and checking ask no system, so any error is about the value. Only the codec's own words are passed on. */
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
