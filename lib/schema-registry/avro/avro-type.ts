// A parsed Avro schema. https://avro.apache.org/docs/1.12.0/specification/

export type AvroType = AvroPrimitive | AvroFixed | AvroEnum | AvroArray | AvroMap | AvroUnion | AvroRecord

export type AvroNamedType = AvroFixed | AvroEnum | AvroRecord

export const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const

export interface AvroPrimitive {
  readonly kind: (typeof PRIMITIVES)[number]
  readonly logical: LogicalType | undefined
}

export interface AvroFixed {
  readonly kind: 'fixed'
  /** The full name, with its namespace. */
  readonly name: string
  /** The size in bytes. */
  readonly size: number
  readonly logical: LogicalType | undefined
}

export interface AvroEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly doc: string | undefined
  /** The number of each symbol. */
  readonly symbols: ReadonlyMap<string, number>
}

export interface AvroArray {
  readonly kind: 'array'
  readonly items: AvroType
}

export interface AvroMap {
  readonly kind: 'map'
  readonly values: AvroType
}

export interface AvroUnion {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
  /** The number of each branch by the name that Confluent's JSON encoding uses: `{"string": "x"}`; null has no name. */
  readonly names: ReadonlyMap<string, number>
  /** The branch that accepts plain JSON of each kind; a kind without an entry fits no branch. */
  readonly plain: ReadonlyMap<ValueKind, number | 'ambiguous'>
}

export interface AvroRecord {
  readonly kind: 'record'
  readonly name: string
  readonly doc: string | undefined
  readonly fields: readonly AvroField[]
  readonly fieldNames: ReadonlySet<string>
}

export interface AvroField {
  readonly name: string
  readonly doc: string | undefined
  readonly type: AvroType
  /** The default as the schema has it; undefined without one. */
  readonly default: unknown
  /** The encoded default; undefined without one, or if it does not fit the type. */
  readonly defaultBytes: Uint8Array | undefined
}

export type LogicalType = DecimalType | TemporalType | { readonly name: 'uuid' } | { readonly name: 'duration' }

export interface DecimalType {
  readonly name: 'decimal'
  readonly precision: number
  readonly scale: number
}

export interface TemporalType {
  readonly name: 'date' | 'time' | 'timestamp' | 'local-timestamp'
  /** Decimal digits of a second: 3 for millis, 6 for micros, 9 for nanos; 0 for a date. */
  readonly digits: 0 | 3 | 6 | 9
}

/** The kinds of values that a caller may pass, distinguishable without looking inside objects. */
export type ValueKind = 'null' | 'boolean' | 'number' | 'text' | 'bytes' | 'date' | 'list' | 'object'
