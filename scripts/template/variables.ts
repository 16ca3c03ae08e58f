// Checks that values of settings, parameters and contracts stay as they are in the template. A text that contains the
// sign with which variables begin would not: osls would insert a variable of the build machine (env:…), CloudFormation
// a resource.
import type { Deployment } from './deployment-model.ts'
import { PARAMETER_ROWS } from './parameters/table.ts'

const SIGN = '${'

/** @returns one line for each setting, parameter or contract whose text the template would change */
export function variableProblems({ environment, functions, options, rules, corsOrigins }: Deployment): string[] {
  const settings = Object.entries(Object.assign({}, environment, ...functions.map(each => each.environment)))
  const texts: readonly (readonly [string, unknown])[] = [
    ...settings,
    ['KAFKA_HTTP_CORS_ORIGINS', corsOrigins],
    ...PARAMETER_ROWS.map(([name]) => [`--param ${name}`, options[name]] as const),
    ...rules.map(({ topic, pattern }) => [`contracts/${topic}.json: from.eventbridge`, pattern] as const),
  ]
  return texts.flatMap(([name, value]) =>
    hasVariable(value) ? [`${name}: expected no ${SIGN}, by which variables of the template begin.`] : [],
  )
}

function hasVariable(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(SIGN)
  if (typeof value !== 'object' || value === null) return false
  // Only Fn::Sub contains the template's own variables.
  return Object.entries(value).some(([name, each]) => name !== 'Fn::Sub' && (name.includes(SIGN) || hasVariable(each)))
}
