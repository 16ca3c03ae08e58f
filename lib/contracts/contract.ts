// The types of a contract: what a topic's records must look like (contracts/<topic>.json). A topic without a contract
// is unknown.

import type { Violation } from '../errors.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import type { EventPattern } from './event-pattern.ts'

export interface ContractLimits {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly headers: number
  readonly headerBytes: number
  /** The most records in one request. */
  readonly records: number
}

/**
 * Checks a value; an empty list means it meets the schema. Compiled at build time.
 * @param extent `first`: one violation is enough. Default: `all`
 * @param text the value's JSON text, if it arrived as JSON: it has digits that a double can't hold
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
  /**
   * The envelopes around the value in the body, outermost first; empty without one. `s3` has one record per
   * notification.
   */
  readonly unwrap: readonly Wrapping[]
  /** Whether a wrapped EventBridge event's detail or the whole event becomes the value. */
  readonly value: 'detail' | 'event'
  /** Key sources that replace the contract's. */
  readonly key: readonly string[] | undefined
}

/** EventBridge events that feed a topic. */
export interface EventBridgeFeed {
  readonly pattern: EventPattern
  /** The name of the bus; undefined for the deployment's bus. */
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
    /** Undefined: a key may be text, an integer (sent as its digits) or bytes. */
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
