// Avro schemas of all kinds, for tests that compare encoders.

/** A whole number from 0 to `below` - 1. */
export type Random = (below: number) => number

export interface Node {
  readonly kind: string
  /** As it stands in the schema that is being written: a definition, or the name of an earlier one. */
  schema: unknown
  readonly name?: string
  readonly logical?: string | undefined
  readonly precision?: number
  readonly scale?: number
  readonly size?: number
  readonly symbols?: readonly string[]
  readonly items?: Node
  readonly branches?: readonly Node[]
  readonly fields?: Field[]
}

export interface Field {
  readonly name: string
  readonly node: Node
  /** A JSON value that the schema has as the field's default, and what it stands for. */
  readonly default?: { readonly json: unknown; readonly value: unknown } | undefined
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T
}

const SCALARS = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
const LOGICAL: readonly (readonly [string, string])[] = [
  ['int', 'date'],
  ['int', 'time-millis'],
  ['long', 'time-micros'],
  ['long', 'timestamp-millis'],
  ['long', 'timestamp-micros'],
  ['long', 'local-timestamp-millis'],
  ['long', 'local-timestamp-micros'],
  ['string', 'uuid'],
  ['bytes', 'decimal'],
  ['string', 'nobody-knows-it'],
]
const NAMESPACES = ['com.example', 'a_b.c'] as const

/** Writes one schema; its names are unique. */
export class SchemaMaker {
  readonly #random: Random
  readonly #fullNames: boolean
  readonly #named: Node[] = []
  /** Records that are still open: they may only be used where a value can leave them out. */
  readonly #open: Node[] = []
  #names = 0
  #namespace = ''

  /** @param fullNames definitions may have full names; avsc takes what they contain for another namespace's */
  constructor(random: Random, fullNames = true) {
    this.#random = random
    this.#fullNames = fullNames
  }

  /** The whole schema: a record, mostly. */
  schema(): Node {
    return this.#random(8) > 0 ? this.#record(3) : this.#type(2)
  }

  #type(depth: number): Node {
    const choice = this.#random(depth > 0 ? 13 : 6)
    if (choice < 3) return this.#scalar()
    if (choice < 5) return this.#logical()
    if (choice === 5) return this.#random(2) === 0 ? this.#earlier() : this.#enumOrFixed()
    if (choice < 8) return this.#record(depth - 1)
    if (choice === 8) return this.#container('array', 'items', depth - 1)
    if (choice === 9) return this.#container('map', 'values', depth - 1)
    return this.#union(depth - 1)
  }

  #scalar(): Node {
    const kind = pick(this.#random, SCALARS)
    return { kind, schema: this.#random(6) === 0 ? { type: kind } : kind }
  }

  #logical(): Node {
    const [kind, logical] = pick(this.#random, LOGICAL)
    if (logical !== 'decimal') return { kind, logical, schema: { type: kind, logicalType: logical } }
    const precision = 1 + this.#random(30)
    const scale = this.#random(precision + 1)
    return { kind, logical, precision, scale, schema: { type: kind, logicalType: logical, precision, scale } }
  }

  /** An enum or a fixed. */
  #enumOrFixed(): Node {
    const { name, named } = this.#name()
    switch (this.#random(3)) {
      case 0: {
        const symbols = Array.from({ length: 1 + this.#random(70) }, (_, at) => `S${at}`)
        return this.#keep({ kind: 'enum', name, symbols, schema: { type: 'enum', ...named, symbols } })
      }
      case 1: {
        const size = this.#random(20)
        return this.#keep({ kind: 'fixed', name, size, schema: { type: 'fixed', ...named, size } })
      }
      default: {
        const [size, precision] = [8, 1 + this.#random(18)]
        const scale = this.#random(precision + 1)
        const decimal = { logicalType: 'decimal', precision, scale }
        const schema = { type: 'fixed', ...named, size, ...decimal }
        return this.#keep({ kind: 'fixed', name, size, logical: 'decimal', precision, scale, schema })
      }
    }
  }

  #earlier(): Node {
    if (this.#named.length === 0) return this.#scalar()
    return reference(pick(this.#random, this.#named))
  }

  #container(kind: 'array' | 'map', of: 'items' | 'values', depth: number): Node {
    const items = this.#type(depth)
    return { kind, items, schema: { type: kind, [of]: items.schema } }
  }

  #union(depth: number): Node {
    const nothing: Node = { kind: 'null', schema: 'null' }
    const isFirst = this.#random(3) > 0
    const branches: Node[] = isFirst ? [nothing] : []
    const count = 1 + this.#random(this.#random(3) === 0 ? 5 : 1)
    for (let at = 0; at < count; at++) {
      const open = this.#open.length > 0 && this.#random(4) === 0
      const branch = open ? reference(pick(this.#random, this.#open)) : this.#type(depth)
      const isNew = branch.kind !== 'null' && !branches.some(other => branchName(other) === branchName(branch))
      if (branch.kind !== 'union' && isNew) branches.push(branch)
      // What it defines is not in the schema.
      else this.#named.length = 0
    }
    if (!isFirst) branches.push(nothing)
    return { kind: 'union', branches, schema: branches.map(({ schema }) => schema) }
  }

  #record(depth: number): Node {
    const { name, named } = this.#name()
    const fields: Field[] = []
    const schema = { type: this.#random(20) === 0 ? 'error' : 'record', ...named, doc: 'text', fields: [] as unknown[] }
    const node: Node = { kind: 'record', name, fields, schema }
    const around = this.#namespace
    this.#namespace = name.slice(0, name.lastIndexOf('.'))
    this.#open.push(node)
    for (let at = this.#random(depth + 5); at > 0; at--) {
      const type = this.#type(depth)
      const field: Field = { name: `f${this.#names++}`, node: type, default: this.#defaultOf(type) }
      fields.push(field)
      const byDefault = field.default && { default: field.default.json }
      schema.fields.push({ name: field.name, type: type.schema, ...byDefault, order: 'ignore' })
    }
    this.#open.pop()
    this.#namespace = around
    return this.#keep(node)
  }

  /** Of those types for which Python reads defaults as the specification has them. */
  #defaultOf(node: Node): Field['default'] {
    if (this.#random(2) === 0) return undefined
    const first = node.kind === 'union' ? node.branches?.[0] : node
    const json = first && DEFAULTS[first.kind]
    if (!first || json === undefined || (first.logical !== undefined && first.kind === 'string')) return undefined
    const value = first.kind === 'long' ? BigInt(json as number) : json
    return { json, value: node.kind === 'union' && json !== null ? { [branchName(first)]: value } : value }
  }

  /** A full name, and how a definition says it. */
  #name(): { readonly name: string; readonly named: Readonly<Record<string, string>> } {
    const short = `N${this.#names++}`
    const namespace = pick(this.#random, NAMESPACES)
    const name = `${namespace}.${short}`
    if (this.#fullNames && this.#random(2) === 0) return { name, named: { name, namespace: 'has.no.effect' } }
    if (this.#namespace === namespace) return { name, named: { name: short } }
    return { name, named: { name: short, namespace } }
  }

  #keep(node: Node): Node {
    this.#named.push(node)
    return node
  }
}

const DEFAULTS: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  int: -5,
  long: 5_000_000_000,
  string: 'ä',
}

function reference(node: Node): Node {
  // The fields of an open record are still being added, so they are not copied.
  return Object.create(node, { schema: { value: node.name, enumerable: true, writable: true } }) as Node
}

export function branchName({ name, kind }: Node): string {
  return name ?? kind
}

/** Always the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed
  return below => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
