// Fits the permissions of a role into IAM's limits: they are in its inline policy; if that is too long, the lists of
// topics and queues are in managed policies.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
import { createHash } from 'node:crypto'
import { ConfigError } from '../../lib/errors.ts'
import { policyDocument, type Statement } from './cloudformation.ts'
import type { RolePolicies } from './deployment-model.ts'
import { resolvedLength } from './expressions.ts'

/** The limit in characters for all inline policies of a role. */
export const MAX_INLINE = 10_240
/** The limit in characters for a managed policy. */
export const MAX_MANAGED = 6144
/** IAM allows ten; one is AWS's policy for functions in a VPC. */
const MAX_MANAGED_POLICIES = 9
/** A shorter list stays in the inline policy. */
const MIN_LIST = 10

interface ListEntry {
  readonly statement: Statement
  readonly resource: unknown
}

/**
 * Creates the policies.
 * @throws ConfigError if the statements don't fit into IAM's limits
 */
export function rolePolicies(roleId: string, statements: readonly Statement[]): RolePolicies {
  if (policyLength(statements) <= MAX_INLINE) return { statements, managedPolicies: [] }
  const isList = ({ Resource }: Statement) => Array.isArray(Resource) && Resource.length >= MIN_LIST
  const inline = statements.filter(statement => !isList(statement))
  const entries = statements
    .filter(isList)
    .flatMap(statement => (statement.Resource as unknown[]).map(resource => ({ statement, resource })))
  const policies = distribute(entries)
  if (policyLength(inline) > MAX_INLINE || policies === undefined)
    throw new ConfigError([
      `${roleId}: expected rights of at most ${MAX_INLINE} characters, or topics and queues ` +
        `that fit into ${MAX_MANAGED_POLICIES} policies of ${MAX_MANAGED}; ` +
        `got ${policyLength(statements)} characters. Name topics by their beginning: --param topicPrefixes=payments-.`,
    ])
  return {
    statements: inline,
    managedPolicies: policies.flatMap((policy, index) =>
      policy.length === 0 ? [] : [{ id: `${roleId}Policy${index + 1}`, statements: merged(policy) }],
    ),
  }
}

/**
 * Distributes entries over policies by the hash of the topic or queue, so that others do not move when one is added: a
 * permission that moves from one policy to another would be missing for some seconds of the deployment.
 * @returns undefined if they don't fit
 */
function distribute(entries: readonly ListEntry[]): readonly ListEntry[][] | undefined {
  const policies: ListEntry[][] = Array.from({ length: MAX_MANAGED_POLICIES }, () => [])
  // Sorted by the hash, so that the order of the contracts changes nothing.
  const byHash = entries
    .map(entry => ({ entry, ...placeOf(entry.resource) }))
    .toSorted((a, b) => a.hash.localeCompare(b.hash))
  for (const { entry, start } of byHash) {
    const policy = policies
      .map((_, step) => policies[(start + step) % policies.length] as ListEntry[])
      .find(candidate => policyLength(merged([...candidate, entry])) <= MAX_MANAGED)
    if (policy === undefined) return undefined
    policy.push(entry)
  }
  return policies
}

function placeOf(resource: unknown): { hash: string; start: number } {
  const hash = createHash('sha256').update(JSON.stringify(resource)).digest('hex')
  return { hash, start: Number.parseInt(hash.slice(0, 8), 16) % MAX_MANAGED_POLICIES }
}

function merged(entries: readonly ListEntry[]): Statement[] {
  return [...new Set(entries.map(({ statement }) => statement))].map(statement => ({
    ...statement,
    Resource: entries.filter(entry => entry.statement === statement).map(({ resource }) => resource),
  }))
}

function policyLength(statements: readonly Statement[]): number {
  return resolvedLength(policyDocument(statements))
}
