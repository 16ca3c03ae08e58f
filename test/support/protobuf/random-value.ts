// JSON texts of values of generated messages, with the spellings that the canonical mapping allows.
import { pick, type Random, type RandomField, type RandomMessage, type RandomType } from './random-schema.ts'

const MAX_DEPTH = 4

const INTEGERS: Readonly<Record<number, readonly string[]>> = {
  32: ['0', '1', '-1', '127', '128', '-128', '2147483647', '-2147483648', '65536'],
  64: ['0', '1', '-1', '9007199254740993', '-9007199254740995', '9223372036854775807', '-9223372036854775808'],
}
const UNSIGNED: Readonly<Record<number, readonly string[]>> = {
  32: ['0', '1', '300', '4294967295', '2147483648'],
  64: ['0', '1', '9007199254740993', '18446744073709551615', '9223372036854775809', '123456789012345678'],
}
const DECIMALS = ['0', '1.5', '-2.25', '0.1', '1e-7', '-0.0', '3.25e10', '"NaN"', '"Infinity"', '"-Infinity"', '"2.5"']
const TEXTS = ['', 'a', 'ä€😀', 'quote " and \\ and /', '\n\t\u0000', 'x'.repeat(200)]
const BYTES = ['', 'AA==', 'AAE=', 'AAEC', '-_8=', '+/8=', 'AAE']
const TIMES = [
  '1970-01-01T00:00:00Z',
  '2024-02-29T23:59:59.999999999Z',
  '0001-01-01T00:00:00Z',
  '2026-11-27T12:00:00.5+05:30',
]
const DURATIONS = ['0s', '1s', '-0.5s', '3.000000001s', '-315576000000s']
const JSON_VALUES = ['null', 'true', '1.5', '"a"', '[]', '{}', '[1, {"a": null}]', '{"b": {"c": ["x"]}}']

/** The JSON text of a value of the message. */
export function randomValue(random: Random, message: RandomMessage): string {
  return messageText(random, message, 0)
}

function messageText(random: Random, message: RandomMessage, depth: number): string {
  const taken = new Set<string>()
  const entries: string[] = []
  for (const field of message.fields) {
    if (!field.isRequired && random() < 0.4) continue
    if (field.oneof !== undefined && taken.has(field.oneof)) continue
    const value = fieldText(random, field, message, depth)
    if (value === undefined) continue
    if (field.oneof !== undefined) taken.add(field.oneof)
    entries.push(`${JSON.stringify(pick(random, [field.name, field.jsonName]))}: ${value}`)
  }
  return `{${entries.join(', ')}}`
}

function fieldText(random: Random, field: RandomField, message: RandomMessage, depth: number): string | undefined {
  const isDeep = depth >= MAX_DEPTH && !('scalar' in field.type)
  if (isDeep) return undefined
  const one = () => typeText(random, field.type, message, depth + 1)
  const items = Array.from({ length: Math.floor(random() * 4) }, one)
  if (field.shape === 'list') return `[${items.join(', ')}]`
  if (field.shape === 'single') return one()
  const keys = new Set(items.map(() => keyText(random, field.mapKey)))
  return `{${[...keys].map((key, index) => `${JSON.stringify(key)}: ${items[index]}`).join(', ')}}`
}

function keyText(random: Random, type: string): string {
  if (type === 'bool') return pick(random, ['true', 'false'])
  return type === 'string' ? pick(random, [...TEXTS, '__proto__', 'constructor']) : pick(random, integersOf(type))
}

function integersOf(type: string): readonly string[] {
  const bits = type.endsWith('64') ? 64 : 32
  return (/^(?:uint|fixed)/.test(type) ? UNSIGNED : INTEGERS)[bits] as readonly string[]
}

function typeText(random: Random, type: RandomType, message: RandomMessage, depth: number): string {
  if ('message' in type) return messageText(random, type.message, depth)
  if ('wellKnown' in type) return wellKnownText(random, type.wellKnown, message, depth)
  if ('scalar' in type) return scalarText(random, type.scalar)
  const [name, number] = pick(random, type.enum.values)
  return random() < 0.7 ? `"${name}"` : String(number)
}

function scalarText(random: Random, type: string): string {
  if (type === 'bool') return pick(random, ['true', 'false'])
  if (type === 'string') return JSON.stringify(pick(random, TEXTS))
  if (type === 'bytes') return JSON.stringify(pick(random, BYTES))
  if (type === 'float') return pick(random, [...DECIMALS, '3.4028234663852886e38', '1e-45', '0.30000001'])
  if (type === 'double') return pick(random, [...DECIMALS, '1.7976931348623157e308', '5e-324', '9007199254740993'])
  const digits = pick(random, integersOf(type))
  return random() < 0.5 ? digits : `"${digits}"`
}

function wellKnownText(random: Random, type: string, message: RandomMessage, depth: number): string {
  switch (type) {
    case 'Timestamp':
      return `"${pick(random, TIMES)}"`
    case 'Duration':
      return `"${pick(random, DURATIONS)}"`
    case 'FieldMask':
      return pick(random, ['""', '"a"', '"fooBar,baz.quxQuux"'])
    case 'Empty':
      return '{}'
    case 'Value':
      return pick(random, JSON_VALUES)
    case 'Struct':
      return pick(
        random,
        JSON_VALUES.filter(text => text.startsWith('{')),
      )
    case 'ListValue':
      return pick(
        random,
        JSON_VALUES.filter(text => text.startsWith('[')),
      )
    case 'Any':
      return anyText(random, message, depth)
    default:
      return scalarText(random, type.slice(0, -'Value'.length).toLowerCase())
  }
}

function anyText(random: Random, { fullName, isGroup, ...message }: RandomMessage, depth: number): string {
  const prefix = '"@type": "type.googleapis.com/'
  if (isGroup || depth >= MAX_DEPTH || random() < 0.5) return `{${prefix}google.protobuf.Any", "value": {}}`
  const text = messageText(random, { fullName, isGroup, ...message }, depth + 1)
  return `{${prefix}${fullName}"${text === '{}' ? '' : ', '}${text.slice(1)}`
}
