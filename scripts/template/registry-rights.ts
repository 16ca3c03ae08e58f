// The permissions that a function's role needs for the AWS Glue Schema Registry, for the contracts whose records it
// writes. A schema whose id the build has pinned needs none.
// docs.aws.amazon.com/glue/latest/dg/schema-registry-gs.html#schema-registry-gs1b
import type { Contract } from '../../lib/contracts/contract.ts'
import type { RegistryUse } from '../../lib/serialize/value-codec.ts'
import { allow, type Statement } from './cloudformation.ts'

/**
 * A version is requested by its schema's name, so that the permission needs no `*`, unlike a request by the version's
 * id.
 */
const BY_VERSION = ['glue:GetSchemaVersion']
const BY_DEFINITION = ['glue:GetSchemaByDefinition']
const REGISTER = [...BY_DEFINITION, 'glue:RegisterSchemaVersion', 'glue:CreateSchema']

/**
 * Returns the statements.
 * @param environment the functions' settings
 * @param topicPrefixes schemas whose names begin with one of these share one resource entry
 */
export function registryStatements(
  environment: Readonly<Record<string, unknown>>,
  contracts: readonly Contract[],
  topicPrefixes: readonly string[] = [],
): Statement[] {
  const { KAFKA_GLUE_REGION: region = `\${AWS::Region}`, KAFKA_GLUE_REGISTRY_NAME: registry = 'default-registry' } =
    environment
  const arn = (path: string) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:glue:${region}:\${AWS::AccountId}:${path}`,
  })
  const uses = contracts.flatMap(glueUses)
  return [BY_VERSION, BY_DEFINITION, REGISTER].flatMap(actions => {
    const subjects = uses.filter(use => actionsOf(use) === actions).map(({ subject }) => nameOf(subject, topicPrefixes))
    if (subjects.length === 0) return []
    const schemas = [...new Set(subjects)].toSorted().map(subject => arn(`schema/${registry}/${subject}`))
    return [allow(actions, [arn(`registry/${registry}`), ...schemas])]
  })
}

type GlueUse = RegistryUse & { readonly subject: string }

function glueUses({ topic, key, value }: Contract): GlueUse[] {
  return [key.codec?.uses, value.codec.uses].flatMap(use =>
    use?.registry === 'glue' && !use.isPinned ? [{ ...use, subject: use.subject ?? topic }] : [],
  )
}

function actionsOf({ version, autoRegister }: GlueUse): readonly string[] {
  if (version !== 'definition') return BY_VERSION
  return autoRegister ? REGISTER : BY_DEFINITION
}

function nameOf(subject: string, prefixes: readonly string[]): string {
  const prefix = prefixes.find(each => subject.startsWith(each))
  return prefix === undefined ? subject : `${prefix}*`
}
