// The value format json: JSON text of a source is sent as it is, a program's value as JSON.stringify writes it.
import type { SchemaCheck } from '../../contracts/contract.ts'
import { errorName, InvalidRecordError } from '../../errors.ts'
import { isJsonObject } from '../../record/json-object.ts'
import type { JsonShape } from '../../record/json-outline.ts'
import { JsonText } from '../../record/json-text.ts'
import { toJson } from '../json-serializer.ts'
import { readJsonValue, refuseFaults } from '../read-json-value.ts'
import type { ValueCodec, ValueFormat, ValueSource } from '../value-codec.ts'

const UNIQUE_NAMES: JsonShape = { uniqueNames: true, isDepthRoot: true }
const ANY: JsonShape = { isDepthRoot: true }

export const jsonFormat: ValueFormat = {
  fields: ['schema'],
  isJson: true,
  parse: ({ schema = true }, problem) => {
    if (schema !== true && !isJsonObject(schema)) problem('value.schema: expected true or a JSON Schema')
    return (topic, compile) => new JsonCodec(topic, schema === true ? undefined : compile(schema))
  },
}

class JsonCodec implements ValueCodec {
  readonly format = 'json'
  readonly isJson = true
  readonly keepsText = true
  readonly keepsBytes = true
  /** With the setting `string`, a string is JSON text. */
  readonly serializers = ['json', 'string'] as const
  readonly shape: JsonShape
  readonly #topic: string
  readonly #check: SchemaCheck | undefined

  constructor(topic: string, check: SchemaCheck | undefined) {
    // With a schema, names must be unique: the schema checks only the last field of a name, but all of them would be
    // sent.
    this.shape = check ? UNIQUE_NAMES : ANY
    this.#topic = topic
    this.#check = check
  }

  fromText(text: JsonText): JsonText {
    return text
  }

  read(value: unknown): unknown {
    return readJsonValue(value, this.shape)
  }

  check(content: unknown, extent: 'all' | 'first'): void {
    refuseFaults(content)
    if (!this.#check) return
    const { violations, truncated } = this.#violations(content, extent)
    if (violations.length > 0)
      throw new InvalidRecordError(
        'schema',
        `value: ${violations.length} violation(s) of the schema of ${this.#topic}.`,
        { violations, truncated },
      )
  }

  #violations(content: unknown, extent: 'all' | 'first'): ReturnType<SchemaCheck> {
    try {
      const check = this.#check as SchemaCheck
      return content instanceof JsonText ? check(content.parsed, extent, content.text) : check(content, extent)
    } catch (cause) {
      throw new InvalidRecordError(
        'schema',
        `value: the schema of ${this.#topic} threw an error (${errorName(cause)}).`,
        { cause },
      )
    }
  }

  encode({ value }: ValueSource): Uint8Array {
    if (value instanceof JsonText) return Buffer.from(value.text)
    return Buffer.from(value instanceof Uint8Array ? value : toJson(value))
  }
}
