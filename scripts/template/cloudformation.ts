// CloudFormation expressions that several parts of the template use.

export type Json = Record<string, unknown>
export type Statement = { Effect: 'Allow' | 'Deny'; Action: string[]; Resource: unknown; Condition?: Json }

export const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] })
export const queueNameOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'QueueName'] })
export function allow(Action: string[], Resource: unknown): Statement {
  return { Effect: 'Allow', Action, Resource }
}

export function policyDocument(statements: readonly object[]): Json {
  return { Version: '2012-10-17', Statement: statements }
}

/** For resources that contain records: they stay if the stack is deleted, or no longer has the resource. */
export const RETAINED = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }
