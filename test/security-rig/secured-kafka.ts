// A real broker with every kind of listener: TLS with host-name checks, client certificates, SASL, MSK IAM tokens,
// ACLs.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import kafkajs from 'kafkajs'
import { kafkaJars } from '../../local/artifacts.ts'
import { createTopics, kafkaOf } from '../../local/kafka/admin.ts'
import { type Listener, LocalKafka } from '../../local/kafka/cluster.ts'
import { freePort } from '../../local/ports.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { jwksOf } from '../support/jwt.ts'
import { pause } from '../support/time.ts'

const ACL_MS = 30_000
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

export const TOPIC = 'chat'
const IAM_ARN = 'arn:aws:sts::123456789012:assumed-role/producer/fn'
const REGION = 'us-east-1'
/** What the listener CLAIMS demands of a token, and of its extensions. */
export const ISSUER = 'https://idp.example'
export const AUDIENCE = 'https://kafka.example'
export const EXTENSIONS = { logicalCluster: 'lkc-rig', identityPoolId: 'pool-rig' } as const
/** The subject of AWS's tokens; it may write. */
export const ROLE_ARN = 'arn:aws:iam::123456789012:role/producer'
/** The lifetime of sessions on the listener SESSION, ms. */
const SESSION_MS = 14_000

const LISTENERS = {
  SASL: 'SASL_SSL',
  CLEAR: 'SASL_PLAINTEXT',
  MTLS: 'SSL',
  TLS: 'SSL',
  EXPIRED: 'SSL',
  IAM: 'SASL_SSL',
  OAUTH: 'SASL_SSL',
  SESSION: 'SASL_SSL',
  CLAIMS: 'SASL_SSL',
} as const
export type ListenerName = keyof typeof LISTENERS

export interface SecuredKafka {
  readonly kafka: LocalKafka
  readonly ca: string
  /** The certificate and key of a client that the MTLS listener accepts, in one file. */
  readonly clientPem: string
  readonly caFile: string
  /** As clientPem, of a client that may not write. */
  readonly otherClientPem: string
  /** The keys of which the listener CLAIMS accepts tokens. */
  readonly tokenKeys: Readonly<Record<'RS256' | 'ES384', KeyObject>>
  address(listener: ListenerName, host?: string): string
  /** Sets the keys of the IAM listener: id → `secret|arn`, or `secret|arn|session token`. */
  writeIamKeys(keys: Readonly<Record<string, string>>): void
  allow(principal: string, operation: 'WRITE' | 'DESCRIBE'): Promise<void>
  revoke(principal: string): Promise<void>
  stop(): Promise<void>
}

export async function startSecuredKafka(): Promise<SecuredKafka> {
  const folder = temporaryFolder()
  const jars = await kafkaJars(console.log)
  const certificates = createCertificates(folder)
  const validators = ['MskIamValidator', 'ClaimsValidator'].map(name => `test/security-rig/${name}.java`)
  execFileSync('javac', ['-cp', `${jars}/*`, '-d', join(folder, 'classes'), ...validators], { stdio: 'pipe' })
  const [rsa, ec] = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ]
  const jwksFile = join(folder, 'jwks.json')
  writeFileSync(jwksFile, jwksOf({ RS256: rsa.publicKey, ES384: ec.publicKey }))
  const keysFile = join(folder, 'iam-keys.properties')
  const writeIamKeys = (keys: Readonly<Record<string, string>>) =>
    writeFileSync(
      keysFile,
      Object.entries(keys)
        .map(([id, value]) => `${id} = ${value}\n`)
        .join(''),
    )
  writeIamKeys({ AKIDGOOD: `good-secret|${IAM_ARN}` })
  const listeners: Listener[] = []
  for (const [name, protocol] of Object.entries(LISTENERS))
    listeners.push({ name, protocol, host: 'localhost', port: await freePort() })
  const kafka = await LocalKafka.start(1, {
    listeners,
    classPath: join(folder, 'classes'),
    properties: { ...properties(certificates, keysFile), ...claimsProperties(jwksFile) },
    formatArguments: scramUsers(),
  })
  const admin = kafkaOf(kafka.bootstrapServers).admin()
  await admin.connect()
  const acl = (principal: string, operation: 'WRITE' | 'DESCRIBE') => ({
    resourceType: AclResourceTypes.TOPIC,
    resourceName: TOPIC,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal,
    host: '*',
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
  })
  /** The controller answers before the broker has the change. */
  const untilBrokerHas = async (rule: ReturnType<typeof acl>, count: 0 | 1) => {
    for (const end = Date.now() + ACL_MS; (await admin.describeAcls(rule)).resources.length !== count; await pause(20))
      if (Date.now() > end) throw new Error(`The broker has not changed the ACL of ${rule.principal} in ${ACL_MS} ms.`)
  }
  const allow = async (principal: string, operation: 'WRITE' | 'DESCRIBE') => {
    await admin.createAcls({ acl: [acl(principal, operation)] })
    await untilBrokerHas(acl(principal, operation), 1)
  }
  const revoke = async (principal: string) => {
    await admin.deleteAcls({ filters: [acl(principal, 'WRITE')] })
    await untilBrokerHas(acl(principal, 'WRITE'), 0)
  }
  await createTopics(kafka.bootstrapServers, [{ topic: TOPIC, partitions: 2 }])
  for (const name of ['alice', 'alice256', 'bob', 'CN=chat-producer', 'oauth-client', ROLE_ARN])
    await allow(`User:${name}`, 'WRITE')
  await allow(`IAM:${IAM_ARN}`, 'WRITE')
  await allow('User:reader', 'DESCRIBE')
  return {
    kafka,
    ...certificates,
    tokenKeys: { RS256: rsa.privateKey, ES384: ec.privateKey },
    writeIamKeys,
    address: (name, host = 'localhost') => `${host}:${listeners.find(listener => listener.name === name)?.port}`,
    allow,
    revoke,
    stop: async () => {
      await admin.disconnect()
      await kafka.stop()
    },
  }
}

interface Certificates {
  readonly ca: string
  readonly caFile: string
  readonly clientPem: string
  readonly otherClientPem: string
  readonly brokerPem: string
  readonly expiredPem: string
}

function createCertificates(folder: string): Certificates {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test-ca', '-keyout', 'ca.key', '-out', 'ca.pem')
  const signed = (name: string, subject: string, days: number, san: string) => {
    writeFileSync(join(folder, `${name}.ext`), `${san}extendedKeyUsage=serverAuth,clientAuth`)
    openssl('req', '-new', ...newKey, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      String(days),
      '-out',
      `${name}.crt`,
      '-extfile',
      `${name}.ext`,
    )
    const pem = ['key', 'crt'].map(part => readFileSync(join(folder, `${name}.${part}`), 'utf8')).join('')
    writeFileSync(join(folder, `${name}.pem`), pem + readFileSync(join(folder, 'ca.pem'), 'utf8'))
    return join(folder, `${name}.pem`)
  }
  return {
    ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    caFile: join(folder, 'ca.pem'),
    brokerPem: signed('broker', '/CN=broker', 2, 'subjectAltName=DNS:localhost\n'),
    expiredPem: signed('expired', '/CN=broker', -1, 'subjectAltName=DNS:localhost\n'),
    clientPem: signed('client', '/CN=chat-producer', 2, ''),
    otherClientPem: signed('other-client', '/CN=other-producer', 2, ''),
  }
}

function scramUsers(): string[] {
  const user = (sha: string, name: string) => ['--add-scram', `SCRAM-SHA-${sha}=[name=${name},password=${name}-secret]`]
  return [...user('512', 'alice'), ...user('256', 'alice256'), ...user('512', 'nobody'), ...user('512', 'reader')]
}

function properties({ brokerPem, expiredPem, caFile }: Certificates, keysFile: string): Record<string, string> {
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const bearer = (options: string) =>
    'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ' +
    `unsecuredLoginStringClaim_sub="broker" ${options};`
  const sasl = (name: string) => ({
    [`listener.name.${name}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN',
    [`listener.name.${name}.scram-sha-512.sasl.jaas.config`]: scram,
    [`listener.name.${name}.scram-sha-256.sasl.jaas.config`]: scram,
    [`listener.name.${name}.plain.sasl.jaas.config`]:
      'org.apache.kafka.common.security.plain.PlainLoginModule required user_bob="bob-secret";',
  })
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'connection.failed.authentication.delay.ms': '0',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': brokerPem,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.expired.ssl.keystore.type': 'PEM',
    'listener.name.expired.ssl.keystore.location': expiredPem,
    ...sasl('sasl'),
    ...sasl('clear'),
    ...sasl('session'),
    'listener.name.session.scram-sha-512.connections.max.reauth.ms': String(SESSION_MS),
    'listener.name.iam.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.iam.oauthbearer.sasl.server.callback.handler.class': 'MskIamValidator',
    'listener.name.iam.oauthbearer.sasl.jaas.config': bearer(`region="${REGION}" keys="${keysFile}"`),
    'listener.name.iam.principal.builder.class': 'MskIamValidator$IamPrincipalBuilder',
    'listener.name.oauth.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.oauth.oauthbearer.sasl.jaas.config': bearer(''),
  }
}

function claimsProperties(jwksFile: string): Record<string, string> {
  const extensions = Object.entries(EXTENSIONS).map(([name, value]) => `extension_${name}="${value}"`)
  const listener = 'listener.name.claims'
  return {
    [`${listener}.sasl.enabled.mechanisms`]: 'OAUTHBEARER',
    [`${listener}.oauthbearer.sasl.server.callback.handler.class`]: 'ClaimsValidator',
    [`${listener}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url`]: pathToFileURL(jwksFile).href,
    [`${listener}.oauthbearer.sasl.oauthbearer.expected.audience`]: AUDIENCE,
    [`${listener}.oauthbearer.sasl.oauthbearer.expected.issuer`]: ISSUER,
    [`${listener}.oauthbearer.sasl.jaas.config`]:
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ' +
      `unsecuredLoginStringClaim_sub="broker" ${extensions.join(' ')};`,
  }
}
