// A contract says what a topic's records must look like (contracts/<topic>.json). Contracts are the only list of
// topics.

import type { Violation } from '../errors.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import type { EventPattern } from './event-pattern.ts'

export interface ContractLimits {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly headers: number
  readonly headerBytes: number
  /** Records in one request. */
  readonly records: number
}

/**
 * Checks a value; an empty list means it meets the schema. Compiled at build time.
 * @param extent `first`: one violation is enough. Default: `all`
 * @param text of the value, if it arrived as JSON: it has digits that a double does not
 */
export type SchemaCheck = (
  value: unknown,
  extent?: 'all' | 'first',
  text?: string,
) => {
  readonly violations: readonly Violation[]
  readonly truncated: boolean
}

/** Compiles a topic's JSON Schema. @throws Error naming the topic's file and what is wrong with its schema */
export type SchemaCompiler = (topic: string, schema: unknown) => SchemaCheck

export type Wrapping = 'sns' | 'eventbridge' | 's3'

/** A queue that feeds a topic. */
export interface SqsFeed {
  /** The queue's name; `.fifo` at its end makes it a FIFO queue. */
  readonly queue: string
  /** What the body is wrapped in, from outside in; empty: nothing. `s3` has one record per notification. */
  readonly unwrap: readonly Wrapping[]
  /** The value of a wrapped EventBridge event: its detail, or the whole event. */
  readonly value: 'detail' | 'event'
  /** Key sources in place of the contract's. */
  readonly key: readonly string[] | undefined
}

/** EventBridge events that feed a topic. */
export interface EventBridgeFeed {
  readonly pattern: EventPattern
  /** The name of the bus; undefined: the deployment's. */
  readonly bus: string | undefined
  readonly value: 'detail' | 'event'
  readonly key: readonly string[] | undefined
}

export interface Contract {
  readonly topic: string
  readonly description: string
  readonly key: {
    readonly required: boolean
    readonly from: readonly string[]
    /** Undefined: a key is text, an integer's digits, or bytes. */
    readonly codec?: ValueCodec | undefined
  }
  readonly value: { readonly codec: ValueCodec }
  readonly tombstones: boolean
  readonly headers: { readonly required: readonly string[]; readonly allow: readonly string[] }
  readonly limits: ContractLimits
  readonly http: boolean
  readonly sqs: readonly SqsFeed[]
  readonly eventbridge: readonly EventBridgeFeed[]
  readonly partitions: number
}

export type Contracts = ReadonlyMap<string, Contract>
