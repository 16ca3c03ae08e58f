// Creates a contract in code, with a Standard Schema (standardschema.dev: zod, valibot, arktype …) in place of a JSON
// Schema.

import { kindOf } from '../check-options.ts'
import { ConfigError, type Violation } from '../errors.ts'
import { isJsonObject } from '../record/json-object.ts'
import { pointerPart } from '../record/json-pointer.ts'
import { callersCodec } from '../serialize/callers-codec.ts'
import type { ValueFormatName } from '../serialize/formats/value-formats.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import { catchRejection, isThenable } from '../time/thenable.ts'
import type { Contract, SchemaCheck } from './contract.ts'
import { parseContract } from './parse-contract.ts'
import { eventPatternProblem } from './parse-event-pattern.ts'
import { listViolations } from './violations.ts'

export interface StandardIssue {
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export type StandardResult = { readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

/** The part of the Standard Schema interface that is used. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>
  }
}

export interface ContractFields {
  readonly description?: string
  readonly key?: {
    readonly required?: boolean
    readonly from?: readonly string[]
    /** How keys become bytes. Default: text, an integer's digits, or bytes. */
    readonly codec?: ValueCodec
  }
  readonly value?:
    | { readonly format?: ValueFormatName; readonly schema?: StandardSchema | true; readonly codec?: never }
    /** Used instead of a format, e.g. a codec that uses a schema registry. */
    | { readonly codec: ValueCodec; readonly format?: never; readonly schema?: never }
  readonly tombstones?: boolean
  readonly headers?: { readonly required?: readonly string[]; readonly allow?: readonly string[] }
  readonly limits?: Partial<Contract['limits']>
}

/**
 * Creates a contract for `kafkaProducer` from code. The schema only checks: the original value is sent, without the
 * schema's transformations and defaults.
 * @throws Error listing every problem; ConfigError if a part has the wrong type, e.g. a schema that is no Standard
 *   Schema
 * @example
 * const chat = defineContract('chat', { key: { from: ['value:/room'] }, value: { schema: Chat } })
 * const rules = { contracts: new Map([['chat', chat]]) }
 */
export function defineContract(topic: string, contract: ContractFields): Contract {
  checkArguments(topic, contract)
  const { value = {}, key = {}, ...fields } = contract
  const { schema = true, codec: valueCodec, ...valueRest } = value
  const { codec: keyCodec, ...keyRest } = key
  const file = { ...fields, key: keyRest, value: { ...valueRest, schema: schema === true ? true : {} } }
  return parseContract(topic, file, () => standardCheck(schema as StandardSchema), {
    key: keyCodec === undefined ? undefined : callersCodec('key.codec', keyCodec),
    value: valueCodec === undefined ? undefined : callersCodec('value.codec', valueCodec),
    checkPattern: eventPatternProblem,
  })
}

/** JavaScript callers have no types. Without this, a JSON Schema would be accepted and then fail for every record. */
function checkArguments(topic: unknown, contract: unknown): void {
  if (typeof topic !== 'string' || !isFields(contract))
    throw new ConfigError([
      `defineContract: expected a topic and an object of fields, got ${kindOf(topic)} and ${kindOf(contract)}.`,
    ])
  const problems = (['key', 'value', 'headers', 'limits'] as const).flatMap(name => {
    const part = contract[name]
    return part === undefined || isFields(part)
      ? []
      : [`${name}: expected an object, got ${isJsonObject(part) ? 'an object without fields' : kindOf(part)}.`]
  })
  const schema = isJsonObject(contract.value) ? contract.value.schema : undefined
  if (schema !== undefined && schema !== true && !isStandardSchema(schema))
    problems.push('value.schema: expected true or a Standard Schema (zod, valibot, arktype …).')
  if (problems.length > 0) throw new ConfigError(problems)
}

/** Those of arktype are functions. */
function isStandardSchema(schema: unknown): boolean {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  const standard: unknown = Reflect.get(schema, '~standard')
  return typeof (standard as { validate?: unknown } | null | undefined)?.validate === 'function'
}

/** Not a promise, a Map or another object without fields of its own: each of its fields would count as left out. */
function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.keys(value).length > 0
}

function standardCheck(schema: StandardSchema): SchemaCheck {
  return value => {
    const result = schema['~standard'].validate(value)
    if (isThenable(result)) {
      // The record is refused, so the result of the promise is ignored.
      catchRejection(result, () => undefined)
      return {
        violations: [{ pointer: '/value', rule: 'async', expected: 'a schema that answers at once' }],
        truncated: false,
      }
    }
    return listViolations(result.issues ?? [], toViolation)
  }
}

/** Says where the value breaks which rule. The schema's messages are dropped, because they may quote the value. */
function toViolation(issue: StandardIssue): Violation {
  const { path = [] } = issue
  const { expected, code, type } = issue as { expected?: unknown; code?: unknown; type?: unknown }
  const steps = path.map(step => pointerPart(String(typeof step === 'object' ? step.key : step)))
  const rule = [code, type].find(name => typeof name === 'string') ?? 'schema'
  return {
    pointer: ['/value', ...steps].join('/'),
    rule: rule as string,
    expected: typeof expected === 'string' ? expected : 'what the schema says',
  }
}
