// npm run package [-- --param httpAuth=public …]: builds bundles, template and zips in .serverless/, without AWS
// credentials. npm run deploy: does the same, then deploys; with --package DIR, deploys an earlier build. npm run
// remove: deletes the stack. KAFKA_… settings come from the environment and the stage's file, parameters from --param.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { loadConfig } from '../lib/config/load-config.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { ConfigError } from '../lib/errors.ts'
import { buildAll, kib } from './build.ts'
import type { Pins } from './contracts-module.ts'
import { type CommandLine, readCommandLine } from './deployment/command-line.ts'
import { deployPackage } from './deployment/deploy.ts'
import { OslsError, osls, type Target } from './deployment/osls.ts'
import { type CompiledTemplate, plainTemplate, samTemplate } from './deployment/other-forms.ts'
import {
  BUILT_FOLDER,
  COMPILED_TEMPLATE,
  checkPackage,
  keepPackage,
  requireNewFolder,
  serviceOf,
  writeList,
} from './deployment/package-folder.ts'
import { findRegion, partitionOf, regionOf, regionProblems } from './deployment/region.ts'
import { remove } from './deployment/remove.ts'
import { pinSchemas, withPins } from './pin-schemas.ts'
import type { Statement } from './template/cloudformation.ts'
import { deploymentOf } from './template/deployment.ts'
import type { Deployment } from './template/deployment-model.ts'
import { keyPolicyStatements } from './template/key-policy.ts'
import { readOptions } from './template/options.ts'
import { oslsForm } from './template/osls-form.ts'
import { packagedFiles, writePackagedFiles } from './template/packaged-files.ts'
import { withSettingsFile } from './template/settings-file.ts'
import { readStage, type Stage } from './template/stage.ts'
import { templateProblems, templateSizes } from './template/template-limits.ts'
import { verify } from './verify-aws/verify.ts'

const COMPILED = `${BUILT_FOLDER}/${COMPILED_TEMPLATE}`
const EXAMPLE_CLUSTER = '123456789012:cluster/example/00000000-0000-4000-8000-000000000000-1'
const exampleIn = (region: string) => ({
  KAFKA_MSK_CLUSTER_ARN: `arn:${partitionOf(region)}:kafka:${region}:${EXAMPLE_CLUSTER}`,
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
})

/**
 * Returns the settings.
 * @returns undefined if no setting names a cluster
 */
async function settings(ofStage: Readonly<Record<string, string>>): Promise<NodeJS.ProcessEnv | undefined> {
  const env = await withSettingsFile({ ...ofStage, ...process.env })
  return env.KAFKA_BOOTSTRAP_SERVERS || env.KAFKA_MSK_CLUSTER_ARN ? env : undefined
}

async function main(): Promise<void> {
  const line = readCommandLine(process.argv.slice(2))
  const stage = readStage(line.stage)
  if (line.command === 'remove') return removeStack(line, stage)
  if (line.command === 'verify') return verifyStage(line, stage)
  if (line.command === 'deploy' && line.folder !== undefined) return deployFolder(line, line.folder, stage)
  if (line.folder !== undefined) requireNewFolder(line.folder)
  const target = await buildPackage(line, stage)
  if (line.command === 'deploy') deployPackage(BUILT_FOLDER, target, line.oslsOptions('deploy'))
  else if (line.folder !== undefined) keepPackage(line.folder)
}

async function removeStack(line: CommandLine, stage: Stage): Promise<void> {
  if (line.params.some(param => !param.startsWith('serviceName=')))
    throw new ConfigError(['npm run remove: expected no --param except serviceName, because the stack has the others.'])
  const region = regionOf(
    { option: line.region, stage: stage.region, env: { ...stage.settings, ...process.env } },
    true,
  )
  await remove(
    { stage: line.stage, region },
    {
      service: readOptions([...stage.params, ...line.params]).serviceName,
      profile: line.profile,
      isConfirmed: line.isConfirmed,
      oslsOptions: line.oslsOptions('remove'),
      log: text => console.log(text),
    },
  )
}

async function verifyStage(line: CommandLine, stage: Stage): Promise<void> {
  if (line.folder === undefined) throw new ConfigError(['--package: expected the folder of a package, got none.'])
  const region = findRegion({ option: line.region, stage: stage.region, env: process.env })
  const { awsAccount } = await import('./verify-aws/aws-account.ts')
  const account = awsAccount({
    target: checkPackage(line.folder, { stage: line.stage, region }),
    service: serviceOf(line.folder),
    packageFolder: line.folder,
    profile: line.profile,
    oslsOptions: line.oslsOptions,
  })
  const log = (text: string) => console.log(text)
  if (!(await verify(account, { accountId: line.account, isConfirmed: line.isConfirmed, log }))) process.exitCode = 1
}

/** Deploys, unchanged, a package that `npm run package` built before. This is also the way to a rollback. */
function deployFolder(line: CommandLine, folder: string, stage: Stage): void {
  if (line.params.length > 0)
    throw new ConfigError([
      'npm run deploy: expected no --param together with --package, which contains its parameters; got one.',
    ])
  const region = findRegion({ option: line.region, stage: stage.region, env: process.env })
  deployPackage(folder, checkPackage(folder, { stage: line.stage, region }), line.oslsOptions('deploy'))
}

/** Builds and checks everything in .serverless/. */
async function buildPackage(line: CommandLine, stage: Stage): Promise<Target> {
  const ofCluster = await settings(stage.settings)
  if (ofCluster === undefined && line.command === 'deploy')
    throw new ConfigError([
      'KAFKA_BOOTSTRAP_SERVERS or KAFKA_MSK_CLUSTER_ARN: expected one of them in the environment, got neither.',
    ])
  const region = regionOf(
    { option: line.region, stage: stage.region, env: ofCluster ?? process.env },
    line.command === 'deploy',
  )
  if (ofCluster === undefined)
    console.log('Neither KAFKA_BOOTSTRAP_SERVERS nor KAFKA_MSK_CLUSTER_ARN is set: packaging for an example cluster.\n')
  const options = readOptions([...stage.params, ...line.params])
  const localEnv = ofCluster ?? { ...stage.settings, ...process.env, ...exampleIn(region) }
  const { env, files } = packagedFiles(localEnv, options)
  const misplaced = regionProblems(region, env, options)
  if (misplaced.length > 0) throw new ConfigError(misplaced)
  const target = { stage: line.stage, region }
  const { contracts, pins } = await contractsWithPins(line, localEnv)
  const deployment = deploymentOf(contracts, env, options, target)
  mkdirSync('build', { recursive: true })
  writeFileSync('build/serverless.json', JSON.stringify(oslsForm(deployment), null, 2))
  const bundles = await buildAll(() => {}, false, pins)
  writePackagedFiles(files)
  osls('package', target, line.oslsOptions('package'))
  writeSbom()
  const problems: string[] = []
  for (const { name, startBytes, bytes, unresolved } of bundles) {
    const deployed = deployment.functions.find(({ bundle }) => bundle === name)
    if (deployed === undefined) continue
    const zip = statSync(`.serverless/${deployed.key}.zip`).size
    console.log(`${name.padEnd(12)} ${kib(startBytes)} read at a cold start, ${kib(bytes)} in total, zip ${kib(zip)}`)
    if (unresolved.length > 0)
      problems.push(`${name}: expected every import in the bundle, got ${unresolved.join(', ')} outside of it.`)
  }
  const template = packagedTemplate()
  printStatements(template)
  printKeyPolicy(deployment)
  console.log(`\n${templateSizes(template)}`)
  problems.push(...templateProblems(template))
  if (problems.length > 0) throw new ConfigError(problems)
  writeOtherForms(template)
  // Written last, because a package that was refused must not be deployable, and without the list it is not.
  writeList(target, ofCluster === undefined)
  return target
}

/** Returns the contracts; with --pin-schemas, together with their schemas from the registries. */
async function contractsWithPins(
  { pinsSchemas }: CommandLine,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly contracts: Contracts; readonly pins?: Pins }> {
  const contracts = await loadContracts()
  if (!pinsSchemas) return { contracts }
  const pins = await pinSchemas(contracts, await loadConfig({}, env, undefined, false), text => console.log(text))
  return { contracts: withPins(contracts, pins), pins }
}

/** Writes the contents of the packages as CycloneDX, next to the template. */
function writeSbom(): void {
  const { status, stdout } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0)
    throw new Error(
      'npm sbom failed: .serverless/sbom.json was not written. Run npm sbom --sbom-format cyclonedx to see why.',
    )
  writeFileSync('.serverless/sbom.json', stdout)
}

/** Writes the templates for CloudFormation without osls, and for AWS SAM. */
function writeOtherForms(compiled: CompiledTemplate): void {
  writeFileSync(`${BUILT_FOLDER}/template.json`, JSON.stringify(plainTemplate(compiled), null, 2))
  writeFileSync(`${BUILT_FOLDER}/sam.template.json`, JSON.stringify(samTemplate(compiled), null, 2))
}

function packagedTemplate(): CompiledTemplate {
  return JSON.parse(readFileSync(COMPILED, 'utf8'))
}

/** Prints the statements that the policy of kmsKeyArn needs. */
function printKeyPolicy(deployment: Deployment): void {
  const statements = keyPolicyStatements(deployment)
  if (statements.length > 0)
    console.log(
      `\nThe policy of kmsKeyArn needs, in addition to the statement for IAM:\n${JSON.stringify(statements, null, 2)}`,
    )
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] }
}

/** Prints what each role is allowed and denied. */
function printStatements({ Resources }: CompiledTemplate): void {
  for (const [name, { Type, Properties = {} }] of Object.entries(Resources)) {
    if (Type !== 'AWS::IAM::Role' && Type !== 'AWS::IAM::ManagedPolicy') continue
    console.log(`\n${name}`)
    const { Policies = [], ManagedPolicyArns = [] } = Properties
    const policies = (Type === 'AWS::IAM::Role' ? Policies : [Properties]) as Policy[]
    for (const { Effect, Action, Resource } of policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement))
      console.log(`  ${Effect === 'Deny' ? 'not ' : ''}${Action.join(', ')}\n    on ${JSON.stringify(Resource)}`)
    for (const arn of ManagedPolicyArns as unknown[]) console.log(`  the policy ${JSON.stringify(arn)}`)
  }
}

await main().catch(error => {
  console.error(error instanceof ConfigError || error instanceof OslsError ? error.message : error)
  process.exit(1)
})
