// An asynchronous codec for keys and values, like one with a schema registry, with an id before the bytes.
import { InvalidRecordError, SerializationError } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { readJson } from '../../lib/record/read-json.ts'
import type { SerializerContext } from '../../lib/serialize/serializer.ts'
import type { ValueCodec } from '../../lib/serialize/value-codec.ts'

export class Registry {
  isUp = true
  /** Never answers, whatever the signal says. */
  isSilent = false
  readonly contexts: SerializerContext[] = []

  codec(idOf: (isKey: boolean) => number): ValueCodec {
    return {
      format: 'registry',
      isJson: true,
      keepsText: false,
      keepsBytes: false,
      shape: { isDepthRoot: true },
      serializers: [],
      fromText: text => text,
      read: value => {
        if (value instanceof JsonText && value.parsed !== undefined) return value
        if (!(value instanceof JsonText) && !(value instanceof Uint8Array)) return value
        const text = value instanceof JsonText ? value.text : Buffer.from(value).toString()
        const reading = readJson(text, { isDepthRoot: true })
        if (!reading) throw new InvalidRecordError('bad-json', 'value: expected JSON in UTF-8, got something else.')
        return new JsonText(text, reading.parsed)
      },
      check: () => {},
      encode: async ({ content }, context) => {
        this.contexts.push(context)
        await new Promise<void>(resolve => void (this.isSilent || setImmediate(resolve)))
        if (!this.isUp) throw new SerializationError('delivery-failure', 'The registry did not answer')
        const value = content instanceof JsonText ? content.parsed : content
        if (!context.isKey && typeof (value as { id?: unknown } | null)?.id !== 'number')
          throw new SerializationError('invalid-record', 'expected another', {
            violations: [{ pointer: '/id', rule: 'type', expected: 'a number' }],
          })
        const text = content instanceof JsonText ? content.text : JSON.stringify(content)
        return Buffer.concat([Buffer.from([0, idOf(context.isKey)]), Buffer.from(text)])
      },
    }
  }
}
