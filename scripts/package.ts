// npm run package [-- --param httpAuth=public …]: builds bundles, template and zips in .serverless/, without AWS
// credentials. npm run deploy: the same, then deploys. KAFKA_… settings come from the environment, others from --param.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { ConfigError } from '../lib/errors.ts'
import { buildAll, kib } from './build.ts'
import { deploymentOf } from './template/deployment.ts'
import { DEFAULT_STACK } from './template/naming.ts'
import { readOptions } from './template/options.ts'
import { oslsForm } from './template/osls-form.ts'
import { withSettingsFile } from './template/settings-file.ts'
import { readStage } from './template/stage.ts'

const START_LIMIT = 348 * 1024
/** Higher, because no caller waits for the start of a redrive. */
const REDRIVE_START_LIMIT = 387 * 1024
const ZIP_LIMIT = 1024 * 1024
const EXAMPLE = {
  KAFKA_MSK_CLUSTER_ARN: 'arn:aws:kafka:eu-west-1:123456789012:cluster/example/00000000-0000-4000-8000-000000000000-1',
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
}

async function settings(command: string, ofStage: Readonly<Record<string, string>>): Promise<NodeJS.ProcessEnv> {
  const env = await withSettingsFile({ ...ofStage, ...process.env })
  if (env.KAFKA_BOOTSTRAP_SERVERS || env.KAFKA_MSK_CLUSTER_ARN) return env
  if (command === 'deploy')
    throw new ConfigError([
      'KAFKA_BOOTSTRAP_SERVERS or KAFKA_MSK_CLUSTER_ARN: expected one of them in the environment, got neither.',
    ])
  console.log('Neither KAFKA_BOOTSTRAP_SERVERS nor KAFKA_MSK_CLUSTER_ARN is set: packaging for an example cluster.\n')
  return { ...env, ...EXAMPLE }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      param: { type: 'string', multiple: true, default: [] },
      stage: { type: 'string', default: 'dev' },
      region: { type: 'string', default: 'eu-west-1' },
    },
  })
  const command = positionals[0] ?? 'package'
  if (command !== 'package' && command !== 'deploy') throw new ConfigError([`${command}: expected package or deploy.`])
  const stage = readStage(values.stage)
  const deployment = deploymentOf(
    await loadContracts(),
    await settings(command, stage.settings),
    readOptions([...stage.params, ...values.param]),
    { ...DEFAULT_STACK, stage: values.stage },
  )
  mkdirSync('build', { recursive: true })
  writeFileSync('build/serverless.json', JSON.stringify(oslsForm(deployment), null, 2))
  const bundles = await buildAll(() => {})
  const { status } = spawnSync('osls', [command, '--stage', values.stage, '--region', values.region], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
  })
  if (status !== 0) throw new Error(`osls ${command} failed; its output is above.`)
  writeSbom()
  const problems: string[] = []
  for (const { name, startBytes, bytes, unresolved } of bundles) {
    const zip = statSync(`.serverless/${name}.zip`).size
    console.log(`${name.padEnd(12)} ${kib(startBytes)} read at a cold start, ${kib(bytes)} in total, zip ${kib(zip)}`)
    const limit = name === 'redrive' ? REDRIVE_START_LIMIT : START_LIMIT
    if (startBytes > limit)
      problems.push(`${name}: a cold start reads ${kib(startBytes)}; expected at most ${kib(limit)}.`)
    if (zip > ZIP_LIMIT) problems.push(`${name}: the zip has ${kib(zip)}; expected at most ${kib(ZIP_LIMIT)}.`)
    if (unresolved.length > 0)
      problems.push(`${name}: expected every import in the bundle, got ${unresolved.join(', ')} outside of it.`)
  }
  printStatements()
  if (problems.length > 0) throw new ConfigError(problems)
}

/** Writes the contents of the packages as CycloneDX, beside the template. */
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

function printStatements(): void {
  const { Resources } = JSON.parse(readFileSync('.serverless/cloudformation-template-update-stack.json', 'utf8')) as {
    Resources: Record<
      string,
      {
        Type: string
        Properties: { Policies?: { PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] } }[] }
      }
    >
  }
  for (const [name, { Type, Properties }] of Object.entries(Resources)) {
    if (Type !== 'AWS::IAM::Role') continue
    console.log(`\n${name}`)
    for (const { Action, Resource } of Properties.Policies?.flatMap(({ PolicyDocument }) => PolicyDocument.Statement) ??
      [])
      console.log(`  ${Action.join(', ')}\n    on ${JSON.stringify(Resource)}`)
  }
}

await main().catch(error => {
  console.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
})
