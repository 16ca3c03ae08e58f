// One row of the table of parameters.
import type { Kind } from './kinds.ts'

/**
 * What a parameter's value applies to. With `function` and `queue` there can be one value for all, and others by name.
 */
type Scope = 'deployment' | 'function' | 'queue'

/** What a deployment must contain so that a parameter has an effect (needs.ts). */
export type NeedName =
  | 'http'
  | 'jwt'
  | 'lambda'
  | 'trigger'
  | 'queue'
  | 'own-queue'
  | 'own-fifo-queue'
  | 'standard-queue'
  | 'queue-without-pollers'
  | 'existing-queues'
  | 'events'
  | 'default-bus'
  | 'layers'
  | 'json-logs'
  | 'endpoints'
  | 'gateway-endpoints'
  | 'interface-endpoints'
  | 'subnets'
  | 'file-system'
  | 'targets'
  | 'secret'

export interface Parameter<T = unknown> {
  /** What it does, for docs/deploy-reference.md and for editors. */
  readonly about: string
  /** The resources that it changes. */
  readonly actsOn: string
  /** Undefined: every deployment has it. */
  readonly needs?: NeedName
  readonly unit?: string
  readonly scope: Scope
  readonly kind: Kind<unknown>
  readonly default: T
  /** The text of the default if AWS or the account sets it. */
  readonly defaultText?: string
}

/** A value for all functions or queues, and values for some of them, which take precedence. */
export interface ByName<T> {
  readonly all: T | undefined
  readonly of: Readonly<Record<string, T>>
}

/**
 * Returns the value for a name.
 * @param name may be that of a property that every object has, e.g. a queue called `constructor`
 */
export function valueFor<T>({ all, of }: ByName<T>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : all
}

/** Returns the default in the form of `--param`; undefined for a parameter without a default of its own. */
export function defaultTextOf({ scope, default: value }: Parameter): string | undefined {
  const all = scope === 'deployment' ? value : (value as ByName<unknown>).all
  return typeof all === 'string' || typeof all === 'number' ? String(all) : undefined
}

type Row = Omit<Parameter, 'scope' | 'kind' | 'default'>

/** A parameter that has a default. */
export function parameter<T>(kind: Kind<T>, defaultValue: NoInfer<T>, row: Row): Parameter<T> {
  return { ...row, scope: 'deployment', kind, default: defaultValue }
}

/** A parameter without a default. */
export function optional<T>(kind: Kind<T>, row: Row): Parameter<T | undefined> {
  return { ...row, scope: 'deployment', kind, default: undefined }
}

/** A parameter of every function or queue, or of one: `name=value`, `name.sqs-fifo=value`. */
export function byName<T>(
  scope: 'function' | 'queue',
  kind: Kind<T>,
  all: NoInfer<T> | undefined,
  row: Row,
): Parameter<ByName<T>> {
  return { ...row, scope, kind, default: { all, of: {} } }
}
