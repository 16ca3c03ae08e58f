// Checks the options of a public class or function at the call, because a misspelled option would have no effect.
import { ConfigError } from './errors.ts'
import { nearestTo } from './record/nearest-name.ts'

/** What an option has to be, unless it is undefined. `any`: not checked here. */
export type OptionKind = 'any' | 'function' | 'object' | 'text' | 'number'

const EXPECTED: Readonly<Record<Exclude<OptionKind, 'any'>, string>> = {
  function: 'a function',
  object: 'an object',
  text: 'text that is not empty',
  number: 'a number from 0 on',
}

/**
 * Checks the options of a class or function.
 * @param where its name, for messages
 * @param kinds every option that exists
 * @param furtherChecks finds further problems, if the options are an object
 * @throws ConfigError with every problem at once; no message contains a value
 */
export function checkOptions<T extends object>(
  where: string,
  options: T,
  kinds: Readonly<Record<keyof T, OptionKind>>,
  furtherChecks: (problem: (text: string) => void) => void = () => {},
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ConfigError([`${where}: expected an object of options, got ${kindOf(options)}.`])
  const problems = problemsOf(where, options, kinds)
  furtherChecks(text => problems.push(`${where}: ${text}`))
  if (problems.length > 0) throw new ConfigError(problems)
}

function problemsOf<T extends object>(
  where: string,
  options: T,
  kinds: Readonly<Record<keyof T, OptionKind>>,
): string[] {
  const names = Object.keys(kinds)
  return Object.entries(options).flatMap(([name, value]) => {
    if (!Object.hasOwn(kinds, name)) {
      const near = nearestTo(name, names)
      return [
        `${where}: ${name} is not an option; ${near ? `did you mean ${near}?` : `there are ${names.join(', ')}.`}`,
      ]
    }
    const kind: OptionKind = kinds[name as keyof T]
    if (kind === 'any' || value === undefined || isOfKind(value, kind)) return []
    return [`${where}: ${name}: expected ${EXPECTED[kind]}, got ${kindOf(value)}.`]
  })
}

function isOfKind(value: unknown, kind: Exclude<OptionKind, 'any'>): boolean {
  if (kind === 'function') return typeof value === 'function'
  if (kind === 'object') return typeof value === 'object' && value !== null
  if (kind === 'text') return typeof value === 'string' && value !== ''
  return typeof value === 'number' && value >= 0
}

/** Describes a value for a message, without its content. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  if (value === '') return 'an empty text'
  return `${typeof value === 'object' ? 'an ' : 'a '}${typeof value}`
}

/**
 * Checks that a configuration comes from `parseConfig` or `loadConfig`: in JavaScript it is easy to pass a plain object
 * of settings.
 */
export function checkConfig(config: unknown, problem: (text: string) => void): void {
  const { bootstrapServers, deliveryTimeoutMs, clientId } = (config ?? {}) as Readonly<Record<string, unknown>>
  const isParsed =
    Array.isArray(bootstrapServers) && typeof deliveryTimeoutMs === 'number' && typeof clientId === 'string'
  const got = isPromise(config) ? 'a promise' : 'another object'
  if (!isParsed) problem(`config: expected what parseConfig() or loadConfig() returned, got ${got}.`)
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}

/** Whether a value is a ProducerFactory, of any realm. Passing a configuration in its place is the usual mistake. */
export function isFactory(factory: unknown): boolean {
  return typeof (factory as { readonly getProducer?: unknown } | null | undefined)?.getProducer === 'function'
}
