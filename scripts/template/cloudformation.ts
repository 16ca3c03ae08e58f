// CloudFormation expressions that several parts of the template use.

export type Json = Record<string, unknown>
export type Statement = { Effect: 'Allow'; Action: string[]; Resource: unknown; Condition?: Json }

export const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] })
export const logicalId = (name: string) =>
  name
    .replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase())
    .replace(/^./, first => first.toUpperCase())

/** The name that the packager gives the function. */
export const functionName = (name: string) => `\${self:service}-\${sls:stage}-${name}`

export function allow(Action: string[], Resource: unknown): Statement {
  return { Effect: 'Allow', Action, Resource }
}
