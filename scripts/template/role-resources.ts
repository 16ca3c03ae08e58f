// The roles as CloudFormation resources, with the path and the permissions boundary of the parameters.
import { type Json, policyDocument } from './cloudformation.ts'
import type { RoleResource } from './deployment-model.ts'
import type { DeployOptions } from './options.ts'

const VPC_POLICY = `arn:\${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole`

/** The role of a function, with the policies that are attached to it. */
export function roleResources(role: RoleResource, options: DeployOptions): [id: string, resource: Json][] {
  const managed = [
    ...role.managedPolicies.map(({ id }) => ({ Ref: id })),
    ...(options.subnetIds.length > 0 ? [{ 'Fn::Sub': VPC_POLICY }] : []),
  ]
  const resource = roleResource('lambda.amazonaws.com', options, {
    Policies: [{ PolicyName: 'function', PolicyDocument: policyDocument(role.statements) }],
    ...(managed.length > 0 ? { ManagedPolicyArns: managed } : {}),
  })
  return [
    [role.id, resource],
    ...role.managedPolicies.map(({ id, statements }): [string, Json] => [
      id,
      {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: { ...pathOf(options), PolicyDocument: policyDocument(statements) },
      },
    ]),
  ]
}

/**
 * Creates a role.
 * @param service the service that assumes the role
 */
export function roleResource(service: string, options: DeployOptions, policies: Json): Json {
  const { permissionsBoundaryArn } = options
  const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      ...pathOf(options),
      ...(permissionsBoundaryArn === undefined ? {} : { PermissionsBoundary: permissionsBoundaryArn }),
      AssumeRolePolicyDocument: policyDocument([trust]),
      ...policies,
    },
  }
}

function pathOf({ rolePath }: DeployOptions): Json {
  return rolePath === undefined ? {} : { Path: rolePath }
}
