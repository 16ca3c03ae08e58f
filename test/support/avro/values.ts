// Values of generated schemas, each in three forms: as Avro has it, as a caller's JSON, and as Python has it.
import { branchName, type Field, type Node, pick, type Random } from './schemas.ts'

export interface Forms {
  /** In memory: BigInt for long, bytes, `{ "<branch>": value }`; logical types as what is written. */
  readonly avro: unknown
  readonly json: string
  /** JSON with tags for what JSON has not; test/slow/avro-serializer.py reads it. */
  readonly python: string
}

const INTS = [0, -1, 1, 63, 64, -65, 2 ** 31 - 1, -(2 ** 31)] as const
const LONGS = [0n, -1n, 2n ** 31n, 2n ** 52n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 60n, 2n ** 63n - 1n, -(2n ** 63n)]
const DOUBLES = [0, 0.1, -1.5, 1e300, 5e-324, 123456789.125] as const
const FLOATS = [0, 0.1, -1.5, 1e38, 1e-45, 16777217] as const
const TEXTS = ['', 'a', 'grüße', '\u0000"\\', '😀 text', 'x'.repeat(200)] as const
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'] as const

/** @param depth levels after which unions end and lists are empty */
export function formsOf(node: Node, random: Random, depth = 6): Forms {
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
      return list(node.items as Node, random, depth - 1)
    case 'map':
      return map(node.items as Node, random, depth - 1)
    case 'union':
      return union(node, random, depth)
    default:
      return record(node, random, depth - 1)
  }
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

function list(item: Node, random: Random, depth: number): Forms {
  const forms = Array.from({ length: depth > 0 ? random(4) : 0 }, () => formsOf(item, random, depth))
  const text = (form: 'json' | 'python') => `[${forms.map(item => item[form]).join()}]`
  return { avro: forms.map(({ avro }) => avro), json: text('json'), python: text('python') }
}

function map(item: Node, random: Random, depth: number): Forms {
  const names = ['k', 'ä b', '__proto_', ''].slice(0, depth > 0 ? random(4) : 0)
  return object(names.map(name => [name, formsOf(item, random, depth)]))
}

function object(entries: readonly (readonly [string, Forms])[]): Forms {
  const text = (form: 'json' | 'python') =>
    `{${entries.map(([name, forms]) => `${JSON.stringify(name)}: ${forms[form]}`).join()}}`
  const avro = Object.fromEntries(entries.map(([name, forms]) => [name, forms.avro]))
  return { avro, json: text('json'), python: text('python') }
}

function union({ branches = [] }: Node, random: Random, depth: number): Forms {
  const branch = depth > 0 ? pick(random, branches) : branches.find(({ kind }) => kind === 'null')
  if (!branch || branch.kind === 'null') return same(null)
  const name = branchName(branch)
  const { avro, json, python } = formsOf(branch, random, depth - 1)
  const isPlain = branches.length === 2 && random(2) === 0
  return {
    avro: { [name]: avro },
    json: isPlain ? json : `{${JSON.stringify(name)}: ${json}}`,
    // A tuple: Python must not guess either.
    python: `{"$union": [${JSON.stringify(name)}, ${python}]}`,
  }
}

function record({ fields = [] }: Node, random: Random, depth: number): Forms {
  const written: [string, Forms][] = []
  const absent: [string, unknown][] = []
  for (const { name, node, default: byDefault } of fields as readonly Field[])
    if (byDefault && random(2) === 0) absent.push([name, byDefault.value])
    else written.push([name, formsOf(node, random, depth)])
  const forms = object(written)
  return { ...forms, avro: Object.assign(forms.avro as object, Object.fromEntries(absent)) }
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
