// Generates hostile or broken JSON texts: deeply nested, cut off, with numbers and escapes of every form.
import fc from 'fast-check'

const digits = fc.stringMatching(/^[0-9]{0,25}$/)
/** Of every form, also of those that JSON has not. */
const written = fc
  .tuple(
    fc.constantFrom('', '', '-', '+', '--'),
    digits,
    fc.option(digits, { nil: undefined }),
    fc.constantFrom('', 'e', 'E+', 'e-', 'E'),
    fc.constantFrom('', '0', '7', '400', '99999999999999999999'),
  )
  .map(([sign, whole, fraction, e, exponent]) => {
    return `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${e}${e === '' ? '' : exponent}`
  })

const numbers = fc.oneof(
  written,
  fc.constantFrom('0', '-0', '1.0', '1e2', '1E+400', '-1e-400', '9007199254740993', '12345678901234567890.0'),
  fc.constantFrom('01', '+1', '.5', '5.', '1e', 'NaN', 'Infinity', '0x10', '1_000', '--1', '1.2.3', '٣'),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.integer({ min: 1, max: 5000 }).map(digits => '7'.repeat(digits)),
)

const escapes = fc.constantFrom(
  ...['\\ud800', '\\udfff\\ud800', '\\u202e', '\\u0000', '\\u005f\\u005fproto\\u005f\\u005f', '\\"', '\\\\', '\\/'],
  ...['\\u12', '\\u12G4', '\\x41', '\\', '\\u', '\\a', '\n', '\u0000', '\u2028', '\ud800', '\uFEFF', ''],
)

const strings = fc
  .tuple(fc.array(escapes, { maxLength: 4 }), fc.string({ maxLength: 4 }), fc.constantFrom('"', '"', '"', ''))
  .map(([parts, text, end]) => `"${parts.join('')}${text.replaceAll('"', '')}${end}`)

const names = fc.constantFrom(
  'value',
  'key',
  'headers',
  'records',
  'room',
  '__proto__',
  'then',
  'toJSON',
  '',
  '\\u0061',
)

const { json } = fc.letrec<{ json: string; object: string; list: string }>(tie => ({
  json: fc.oneof(
    { maxDepth: 4 },
    numbers,
    strings,
    fc.constantFrom('null', 'true', 'nul', ''),
    tie('object'),
    tie('list'),
  ),
  object: fc.array(fc.tuple(names, tie('json')), { maxLength: 4 }).map(fields => {
    return `{${fields.map(([name, value]) => `"${name}":${value}`).join()}}`
  }),
  list: fc.array(tie('json'), { maxLength: 4 }).map(items => `[${items.join()}]`),
}))

const floods = fc.oneof(
  fc.integer({ min: 1, max: 100_000 }).map(depth => '['.repeat(depth) + ']'.repeat(depth)),
  fc.integer({ min: 1, max: 100_000 }).map(depth => '{"a":'.repeat(depth)),
  fc.integer({ min: 1, max: 100_000 }).map(count => `"${'\\"'.repeat(count)}`),
  fc.integer({ min: 1, max: 3000 }).map(count => `{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join()}}`),
)

/** A value that may not be JSON at all. */
export const hostileJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: json },
  { weight: 1, arbitrary: floods },
)

const headers = fc.oneof(
  hostileJson,
  fc.integer({ min: 0, max: 500 }).map(count => `[${Array(count).fill('{"name":"n","value":"v"}').join()}]`),
  fc.integer({ min: 0, max: 5000 }).map(count => `{${Array.from({ length: count }, (_, at) => `"${at}":""`).join()}}`),
)

const part = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom('[]', '{}', '""', '0', '-1.5e3', 'null', ' 1 ', '[{"a":[]}]', '{"a":1,"a":2}'),
  },
  fc.constantFrom('{"__proto__":1}', '{"\\u005f_proto__":1}', '"\\ud800"', '"\\"\\\\"', '12345678901234567890.5'),
)
const piece = fc.constantFrom('x', ' ', '[', '}', '\\"', '\\\\', '\\u0041', '\\ud800', 'é', '😀', ',', ':')

/** JSON of one kind, `count` times something: levels, elements, fields, characters of a text or a name. */
export function floodOf(count: number): fc.Arbitrary<string> {
  const times = (text: (at: number) => string) => Array.from({ length: count }, (_, at) => text(at)).join()
  return fc.oneof(
    fc.constantFrom(['[', ']'], ['{"a":', '}'], [' [ ', '\n]']).map(([open = '', close = '']) => {
      return `${open.repeat(count)}1${close.repeat(count)}`
    }),
    part.map(item => `[${times(() => item)}]`),
    part.map(item => `{${times(at => `"k${at}":${item}`)}}`),
    part.map(item => `{${times(() => `"\\u006b":${item}`)}}`),
    piece.map(text => `"${text.repeat(count)}"`),
    piece.map(text => `{"${text.repeat(count)}":1,"a":{"${text.repeat(count)}":1}}`),
    fc.constantFrom('9', '0.1', '1e').map(text => `${text}${'7'.repeat(count)}`),
  )
}

/** A record of an HTTP body, whose parts are hostile. */
export const hostileRecord: fc.Arbitrary<string> = fc
  .tuple(hostileJson, fc.option(hostileJson), fc.option(headers))
  .map(([value, key, list]) => {
    return `{"value":${value}${key === null ? '' : `,"key":${key}`}${list === null ? '' : `,"headers":${list}`}}`
  })
