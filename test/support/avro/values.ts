// Values of generated schemas, each in three forms: for Avro, as a caller's JSON, and for Python.
import { branchName, type Field, type Node, pick, type Random } from './schemas.ts'

export interface Forms {
  /** In memory: BigInt for long, bytes, `{ "<branch>": value }`; logical types as what is written. */
  readonly avro: unknown
  readonly json: string
  /** JSON with tags for what JSON has not; test/slow/registry-avro-serializer.py reads it. */
  readonly python: string
}

const INTS = [0, -1, 1, 63, 64, -65, 2 ** 31 - 1, -(2 ** 31)] as const
const LONGS = [0n, -1n, 2n ** 31n, 2n ** 52n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 60n, 2n ** 63n - 1n, -(2n ** 63n)]
const DOUBLES = [0, 0.1, -1.5, 1e300, 5e-324, 123456789.125] as const
const FLOATS = [0, 0.1, -1.5, 1e38, 1e-45, 16777217] as const
const TEXTS = ['', 'a', 'grüße', '\u0000"\\', '😀 text', 'x'.repeat(200)] as const
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'] as const

/** What no type of the kind takes: as JSON, and as Python has it. Python does not look at all of them. */
const SPOILED: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  null: [
    ['0', '0'],
    ['{}', '{}'],
  ],
  boolean: [['"true"', '"true"']],
  int: [
    ['2147483648', '2147483648'],
    ['1.5', '1.5'],
    ['"1"', '"1"'],
  ],
  long: [
    ['9223372036854775808', '9223372036854775808'],
    ['true', 'true'],
    ['{}', '{}'],
  ],
  float: [
    ['1e39', '1e39'],
    ['"x"', '"x"'],
  ],
  double: [
    ['1e400', '{"$bytes": ""}'],
    ['[]', '[]'],
  ],
  bytes: [
    ['"\u0100"', '5'],
    ['5', '5'],
  ],
  fixed: [['"xxxxxxxxxxxxxxxxxxxxx"', '{"$bytes": "000102030405060708090a0b0c0d0e0f101112131415"}']],
  string: [
    ['5', '5'],
    ['["a"]', '["a"]'],
  ],
  enum: [['"NOBODY"', '"NOBODY"']],
  array: [['{"a": 1}', '5']],
  map: [['[1]', '[1]']],
  record: [
    ['{"nobody": 1}', '5'],
    ['[]', '[]'],
  ],
  decimal: [['"1.5e99"', '{"$decimal": "1.5e99"}']],
  // A lone surrogate, which no text has.
  union: [['"\\ud800"', '{"$union": ["nobody", 1]}']],
}

/** Makes one value of a schema. */
export class ValueMaker {
  readonly #random: Random
  /** The place of the value that is spoiled, counting all values; -1 for none. */
  readonly #spoiledAt: number
  /** How many values are in it so far. */
  count = 0

  constructor(random: Random, spoiledAt = -1) {
    this.#random = random
    this.#spoiledAt = spoiledAt
  }

  /** @param depth levels after which unions end and lists are empty */
  forms(node: Node, depth = 6): Forms {
    const isSpoiled = this.count++ === this.#spoiledAt
    const forms = this.#forms(node, depth)
    if (!isSpoiled) return forms
    const [json, python] = pick(this.#random, SPOILED[node.logical ?? ''] ?? SPOILED[node.kind] ?? [])
    return { avro: undefined, json, python }
  }

  #forms(node: Node, depth: number): Forms {
    const random = this.#random
    if (node.logical && node.logical in LOGICAL) return (LOGICAL[node.logical] as Make)(node, random)
    switch (node.kind) {
      case 'null':
        return same(null)
      case 'boolean':
        return same(random(2) === 0)
      case 'int':
        return same(random(2) === 0 ? pick(random, INTS) : random(1000) - 500)
      case 'long': {
        const value = random(2) === 0 ? pick(random, LONGS) : BigInt(random(2 ** 31)) * BigInt(random(2 ** 31))
        return { avro: value, json: `${value}`, python: `${value}` }
      }
      case 'float':
      case 'double':
        return floating(node, random)
      case 'string':
        return same(pick(random, TEXTS))
      case 'bytes':
        return bytes(random, random(10))
      case 'fixed':
        return bytes(random, node.size ?? 0)
      case 'enum':
        return same(pick(random, node.symbols ?? []))
      case 'array':
        return this.#list(node.items as Node, depth - 1)
      case 'map':
        return this.#map(node.items as Node, depth - 1)
      case 'union':
        return this.#union(node, depth)
      default:
        return this.#record(node, depth - 1)
    }
  }

  #list(item: Node, depth: number): Forms {
    const forms = Array.from({ length: depth > 0 ? this.#random(4) : 0 }, () => this.forms(item, depth))
    const text = (form: 'json' | 'python') => `[${forms.map(one => one[form]).join()}]`
    return { avro: forms.map(({ avro }) => avro), json: text('json'), python: text('python') }
  }

  #map(item: Node, depth: number): Forms {
    const names = ['k', 'ä b', '__proto_', ''].slice(0, depth > 0 ? this.#random(4) : 0)
    return object(names.map(name => [name, this.forms(item, depth)]))
  }

  #union({ branches = [] }: Node, depth: number): Forms {
    const branch = depth > 0 ? pick(this.#random, branches) : branches.find(({ kind }) => kind === 'null')
    if (!branch || branch.kind === 'null') return same(null)
    const name = branchName(branch)
    const { avro, json, python } = this.forms(branch, depth - 1)
    const isPlain = branches.length === 2 && this.#random(2) === 0
    return {
      avro: { [name]: avro },
      json: isPlain ? json : `{${JSON.stringify(name)}: ${json}}`,
      // A tuple: Python must not guess either.
      python: `{"$union": [${JSON.stringify(name)}, ${python}]}`,
    }
  }

  #record({ fields = [] }: Node, depth: number): Forms {
    const written: [string, Forms][] = []
    const absent: [string, unknown][] = []
    for (const { name, node, default: byDefault } of fields as readonly Field[])
      if (byDefault && this.#random(2) === 0) absent.push([name, byDefault.value])
      else written.push([name, this.forms(node, depth)])
    const forms = object(written)
    return { ...forms, avro: Object.assign(forms.avro as object, Object.fromEntries(absent)) }
  }
}

function object(entries: readonly (readonly [string, Forms])[]): Forms {
  const text = (form: 'json' | 'python') =>
    `{${entries.map(([name, forms]) => `${JSON.stringify(name)}: ${forms[form]}`).join()}}`
  const avro = Object.fromEntries(entries.map(([name, forms]) => [name, forms.avro]))
  return { avro, json: text('json'), python: text('python') }
}

function same(value: unknown): Forms {
  return { avro: value, json: JSON.stringify(value), python: JSON.stringify(value) }
}

function tagged(tag: string, text: string): string {
  return JSON.stringify({ [`$${tag}`]: text })
}

function floating({ kind }: Node, random: Random): Forms {
  if (random(5) === 0) {
    const text = pick(random, NOT_FINITE)
    return { avro: Number(text), json: JSON.stringify(text), python: tagged('float', text) }
  }
  const value = kind === 'double' ? pick(random, DOUBLES) : pick(random, FLOATS)
  return { avro: kind === 'double' ? value : Math.fround(value), json: `${value}`, python: `${value}` }
}

function bytes(random: Random, length: number): Forms {
  const value = Buffer.from(Array.from({ length }, () => random(256)))
  const json = JSON.stringify(value.toString('latin1'))
  return { avro: value, json, python: tagged('bytes', value.toString('hex')) }
}

type Make = (node: Node, random: Random) => Forms

/** The number that is written, or what it means. */
function temporal(random: Random, kind: string, raw: number, text: string): Forms {
  const avro = kind === 'long' ? BigInt(raw) : raw
  if (random(3) === 0) return { avro, json: `${raw}`, python: `${raw}` }
  const tag = text.includes('T') ? 'datetime' : text.includes(':') ? 'time' : 'date'
  return { avro, json: JSON.stringify(text), python: tagged(tag, text) }
}

function msOf(random: Random): number {
  return (random(2 ** 31) - 2 ** 30) * 1000 + random(1000)
}

/** ISO 8601 with as many digits of a second. */
function iso(ms: number, micros: string): string {
  return new Date(ms).toISOString().replace('Z', micros)
}

const LOGICAL: Readonly<Record<string, Make>> = {
  date: ({ kind }, random) => {
    const days = random(40_000) - 20_000
    return temporal(random, kind, days, iso(days * 86_400_000, '').slice(0, 10))
  },
  'time-millis': ({ kind }, random) => {
    const ms = random(86_400_000)
    return temporal(random, kind, ms, iso(ms, '').slice(11))
  },
  'time-micros': ({ kind }, random) => {
    const ms = random(86_400_000)
    return temporal(random, kind, ms * 1000 + 7, iso(ms, '007').slice(11))
  },
  'timestamp-millis': ({ kind }, random) => {
    const ms = msOf(random)
    return temporal(random, kind, ms, iso(ms, '+00:00'))
  },
  'timestamp-micros': ({ kind }, random) => {
    const ms = msOf(random)
    return temporal(random, kind, ms * 1000 + 7, iso(ms - 3_600_000, '007-01:00'))
  },
  'local-timestamp-millis': ({ kind }, random) => {
    const ms = msOf(random)
    return temporal(random, kind, ms, iso(ms, ''))
  },
  'local-timestamp-micros': ({ kind }, random) => {
    const ms = msOf(random)
    return temporal(random, kind, ms * 1000 + 7, iso(ms, '007'))
  },
  uuid: (_, random) => {
    const hex = Array.from({ length: 32 }, () => random(16).toString(16)).join('')
    return same(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
  },
  decimal: ({ size, precision = 1, scale = 0 }, random) => {
    const digits = Array.from({ length: 1 + random(precision) }, () => random(10)).join('')
    const unscaled = BigInt(digits) * (random(2) === 0 ? 1n : -1n)
    const text = decimalText(unscaled, scale)
    const json = random(2) === 0 ? text : JSON.stringify(text)
    return { avro: signed(unscaled, size), json, python: tagged('decimal', text) }
  },
}

function decimalText(unscaled: bigint, scale: number): string {
  const [sign, digits] = unscaled < 0n ? ['-', `${-unscaled}`] : ['', `${unscaled}`]
  const padded = digits.padStart(scale + 1, '0')
  const point = padded.length - scale
  return scale === 0 ? sign + padded : `${sign}${padded.slice(0, point)}.${padded.slice(point)}`
}

/** Big-endian two's complement of as few bytes as it needs, or of `size`. */
function signed(value: bigint, size?: number): Buffer {
  let length = size ?? 1
  while (BigInt.asIntN(length * 8, value) !== value) length++
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0')
  return Buffer.from(hex, 'hex')
}
