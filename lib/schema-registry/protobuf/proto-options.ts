// Parses options of a .proto file. Options that change bytes or JSON are kept, all others are skipped.
import type { FeatureSet, Options } from './descriptor-protos.ts'
import type { ProtoTokens } from './proto-tokens.ts'

export interface ProtoOption {
  /** Such as `packed`, `features.enum_type` or `(my.option).part`. */
  readonly name: string
  readonly value: OptionValue
}

interface OptionValue {
  readonly kind: 'word' | 'string' | 'number' | 'message'
  readonly text: string
  /** For an option with a message value: its fields whose values are words. */
  readonly words: readonly (readonly [name: string, word: string])[]
}

const FEATURES: ReadonlyMap<string, readonly [keyof FeatureSet, Readonly<Record<string, number>>]> = new Map([
  ['field_presence', ['fieldPresence', { EXPLICIT: 1, IMPLICIT: 2, LEGACY_REQUIRED: 3 }]],
  ['enum_type', ['enumType', { OPEN: 1, CLOSED: 2 }]],
  ['repeated_field_encoding', ['repeatedFieldEncoding', { PACKED: 1, EXPANDED: 2 }]],
  ['utf8_validation', ['utf8Validation', { VERIFY: 2, NONE: 3 }]],
  ['message_encoding', ['messageEncoding', { LENGTH_PREFIXED: 1, DELIMITED: 2 }]],
  ['json_format', ['jsonFormat', { ALLOW: 1, LEGACY_BEST_EFFORT: 2 }]],
])

const BOOLEANS: ReadonlyMap<string, 'packed' | 'mapEntry' | 'messageSetWireFormat' | 'allowAlias' | 'deprecated'> =
  new Map([
    ['packed', 'packed'],
    ['map_entry', 'mapEntry'],
    ['message_set_wire_format', 'messageSetWireFormat'],
    ['allow_alias', 'allowAlias'],
    ['deprecated', 'deprecated'],
  ])

/** Reads `option name = value;` after its first word. */
export function readOptionStatement(tokens: ProtoTokens, owner: { options?: Options }): void {
  owner.options ??= {}
  applyOption(tokens, owner.options, readOption(tokens))
  tokens.expect(';')
}

/** Reads `[name = value, …]` if there is one. */
export function readOptionList(tokens: ProtoTokens): ProtoOption[] {
  const options: ProtoOption[] = []
  if (!tokens.takes('[')) return options
  do options.push(readOption(tokens))
  while (tokens.takes(','))
  tokens.expect(']')
  return options
}

export function applyOption(tokens: ProtoTokens, options: Options, { name, value }: ProtoOption): void {
  const boolean = BOOLEANS.get(name)
  if (boolean !== undefined) {
    if (value.text !== 'true' && value.text !== 'false') throw tokens.fault('true or false before it')
    options[boolean] = value.text === 'true'
  } else if (name === 'features') for (const [feature, word] of value.words) setFeature(tokens, options, feature, word)
  else if (name.startsWith('features.')) setFeature(tokens, options, name.slice('features.'.length), value.text)
}

function setFeature(tokens: ProtoTokens, options: Options, name: string, word: string): void {
  const [field, numbers] = FEATURES.get(name) ?? []
  if (field === undefined || numbers === undefined) return
  const number = numbers[word]
  if (number === undefined) throw tokens.fault(`a known value of ${name} before it`)
  options.features = { ...options.features, [field]: number }
}

function readOption(tokens: ProtoTokens): ProtoOption {
  const parts: string[] = []
  do {
    if (tokens.takes('(')) {
      parts.push(`(${tokens.dottedName({ mayLead: true })})`)
      tokens.expect(')')
    } else parts.push(tokens.name())
  } while (tokens.takes('.'))
  tokens.expect('=')
  return { name: parts.join('.'), value: readValue(tokens) }
}

function readValue(tokens: ProtoTokens): OptionValue {
  if (tokens.takes('{')) return { kind: 'message', text: '', words: readMessage(tokens) }
  if (tokens.peeked.kind === 'string') return { kind: 'string', text: tokens.string(), words: [] }
  const sign = tokens.takes('-') ? '-' : ''
  const { kind } = tokens.peeked
  if (kind === 'symbol' || kind === 'end') throw tokens.fault('a value')
  return { kind: kind === 'name' ? 'word' : 'number', text: sign + tokens.next().text, words: [] }
}

/** Reads to the end of a message in text format. */
function readMessage(tokens: ProtoTokens): (readonly [string, string])[] {
  const words: [string, string][] = []
  for (let depth = 1; depth > 0; ) {
    const { kind, text } = tokens.next()
    if (kind === 'end') throw tokens.fault('"}"')
    if (kind === 'symbol') depth += text === '{' ? 1 : text === '}' ? -1 : 0
    if (depth !== 1 || kind !== 'name' || !tokens.takes(':')) continue
    if (tokens.peeked.kind === 'name') words.push([text, tokens.next().text])
  }
  return words
}
