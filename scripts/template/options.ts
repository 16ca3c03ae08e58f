// Reads the parameters of a deployment: --param name=value, or stages/<stage>.json. Their table is parameters/table.ts.
import { ConfigError } from '../../lib/errors.ts'
import { nearestTo } from '../../lib/record/nearest-name.ts'
import { pairProblems } from './parameter-pairs.ts'
import type { ByName, Parameter } from './parameters/parameter.ts'
import { PARAMETER_ROWS, PARAMETERS, type ParameterName } from './parameters/table.ts'
import { endpointProblems } from './vpc-endpoints.ts'

/** Parameters by name, with the types of their rows. */
export type DeployOptions = {
  readonly [N in ParameterName]: (typeof PARAMETERS)[N] extends Parameter<infer T> ? T : never
}

/** The functions of a deployment, to which a parameter can be limited: `memorySize.sqs=1024`. */
export const FUNCTION_NAMES: readonly string[] = ['http', 'sqs', 'sqs-fifo', 'eventbridge', 'redrive']

export const DEFAULTS = Object.fromEntries(
  PARAMETER_ROWS.map(([name, row]) => [name, row.default]),
) as unknown as DeployOptions

/**
 * Parses the parameters.
 * @param params each `name=value`; if a name is repeated, its last value counts
 * @throws ConfigError
 */
export function readOptions(params: readonly string[]): DeployOptions {
  const problems: string[] = []
  const options: Record<string, unknown> = { ...DEFAULTS }
  for (const param of params) {
    const [, name = '', , of, value = ''] = /^([^=.]*)(\.([^=]*))?=?(.*)$/s.exec(param) ?? []
    const problem = readParam(options, name, of, value)
    if (problem !== undefined) problems.push(`--param ${problem}`)
  }
  const complete = options as DeployOptions
  if (complete.subnetIds.length > 0 !== complete.securityGroupIds.length > 0)
    problems.push('--param subnetIds and securityGroupIds: expected both or neither.')
  problems.push(...endpointProblems(complete), ...pairProblems(complete))
  if (problems.length > 0) throw new ConfigError(problems)
  return complete
}

/**
 * Adds a value to the options.
 * @returns what is wrong with the parameter, if anything
 */
function readParam(
  options: Record<string, unknown>,
  name: string,
  of: string | undefined,
  text: string,
): string | undefined {
  if (!isParameterName(name)) return `${name}: unknown; ${suggestion(name, Object.keys(PARAMETERS))}`
  const { kind, scope } = PARAMETERS[name] as Parameter
  if (of !== undefined && scope === 'deployment') return `${name}.${of}: expected ${name} alone; it has one value.`
  if (of !== undefined && scope === 'function' && !FUNCTION_NAMES.includes(of))
    return `${name}.${of}: unknown function; ${suggestion(of, FUNCTION_NAMES)}`
  const value = kind.pattern.test(text) ? kind.read(text) : undefined
  if (value === undefined)
    return `${name}${of === undefined ? '' : `.${of}`}: expected ${kind.expected}, got ${text || 'nothing'}.`
  if (scope === 'deployment') options[name] = value
  else options[name] = withValue(options[name] as ByName<unknown>, of, value)
  return undefined
}

function withValue(values: ByName<unknown>, of: string | undefined, value: unknown): ByName<unknown> {
  return of === undefined ? { ...values, all: value } : { ...values, of: { ...values.of, [of]: value } }
}

function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name)
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearestTo(name, names)
  return near === undefined ? `expected one of ${names.join(', ')}.` : `did you mean ${near}?`
}
