// A contract says what a topic's records must look like (contracts/<topic>.json). Contracts are the only list of topics.

import type { Violation } from '../errors.ts'
import type { ValueFormat } from '../record/producer-record.ts'

export interface ContractLimits {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly headers: number
  readonly headerBytes: number
  /** Records in one request. */
  readonly records: number
}

/** Checks a value; an empty list means it meets the schema. Compiled at build time. */
export type SchemaCheck = (value: unknown) => { readonly violations: readonly Violation[]; readonly truncated: boolean }

export interface Contract {
  readonly topic: string
  readonly description: string
  readonly key: { readonly required: boolean; readonly from: readonly string[] }
  readonly value: { readonly format: Exclude<ValueFormat, 'bytes'>; readonly check: SchemaCheck | true }
  readonly tombstones: boolean
  readonly headers: { readonly required: readonly string[]; readonly allow: readonly string[] }
  readonly limits: ContractLimits
  readonly http: boolean
  readonly partitions: number
}

export type Contracts = ReadonlyMap<string, Contract>
