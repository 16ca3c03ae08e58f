// examples/terraform on moto: the module is valid, applies a package as a stack, refuses another region, and is
// destroyed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { temporaryFolder } from '../../local/processes.ts'
import { startMoto } from '../support/moto.ts'

const REGION = 'eu-west-1'
const FOLDER = '.local/packages/terraform'
const credentials = { accessKeyId: 'k', secretAccessKey: 's' }

/** A root module that calls the example, on moto. */
function rootModule(url: string, region: string): string {
  return `
provider "aws" {
  region                      = "${region}"
  access_key                  = "k"
  secret_key                  = "s"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  s3_use_path_style           = true
  endpoints {
    cloudformation = "${url}"
    s3             = "${url}"
    sts            = "${url}"
  }
}

module "kafka_producer" {
  source          = "${resolve('examples/terraform')}"
  package_folder  = "${resolve(FOLDER)}"
  artifact_bucket = "artifacts"
}

output "outputs" {
  value = module.kafka_producer.outputs
}
`
}

test('the module is formatted and valid, applies a package, refuses another region, and is destroyed', async t => {
  rmSync(FOLDER, { recursive: true, force: true })
  t.after(() => rmSync(FOLDER, { recursive: true, force: true }))
  const settings = { KAFKA_BOOTSTRAP_SERVERS: 'a:9094,b:9094,c:9094', KAFKA_SECURITY_PROTOCOL: 'SSL' }
  const args = ['run', '-s', 'package', '--', '--stage', 'terraform', '--region', REGION, '--package', FOLDER]
  const packaged = spawnSync('npm', args, { encoding: 'utf8', env: { ...process.env, ...settings } })
  assert.equal(packaged.status, 0, packaged.stdout + packaged.stderr)
  const moto = await startMoto('stacks')
  t.after(() => moto.stop())
  const s3 = new S3Client({ region: REGION, endpoint: moto.url, forcePathStyle: true, credentials })
  const LocationConstraint = REGION
  await s3.send(new CreateBucketCommand({ Bucket: 'artifacts', CreateBucketConfiguration: { LocationConstraint } }))

  const folder = temporaryFolder()
  const terraform = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.env.TERRAFORM ?? 'terraform', [...args, '-no-color'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' },
    })
    return { status, output: stdout + stderr }
  }
  const succeed = (...args: string[]) => {
    const { status, output } = terraform(...args)
    assert.equal(status, 0, output)
    return output
  }
  writeFileSync(`${folder}/main.tf`, rootModule(moto.url, REGION))
  const plugins = process.env.TERRAFORM_PLUGINS
  succeed('init', ...(plugins ? [`-plugin-dir=${plugins}`] : []))
  succeed('validate')
  succeed('fmt', '-check', resolve('examples/terraform'))
  assert.match(succeed('apply', '-auto-approve'), /"HttpApiUrl" = /)
  const client = new CloudFormationClient({ region: REGION, endpoint: moto.url, credentials })
  const stacks = async () =>
    (await client.send(new ListStacksCommand({}))).StackSummaries?.map(
      ({ StackName, StackStatus }) => `${StackName} ${StackStatus}`,
    )
  assert.deepEqual(await stacks(), ['kafka-producer-terraform CREATE_COMPLETE'])
  writeFileSync(`${folder}/main.tf`, rootModule(moto.url, 'us-east-1'))
  const elsewhere = terraform('plan')
  assert.notEqual(elsewhere.status, 0)
  assert.match(
    elsewhere.output.replaceAll(/\s+│?\s*/g, ' '),
    /The package is for eu-west-1, the provider for us-east-1/,
  )
  writeFileSync(`${folder}/main.tf`, rootModule(moto.url, REGION))
  succeed('destroy', '-auto-approve')
  assert.deepEqual(await stacks(), ['kafka-producer-terraform DELETE_COMPLETE'])
})
