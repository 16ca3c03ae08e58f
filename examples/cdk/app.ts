// Deploys a package with AWS CDK. In the repository: `npm run package -- --stage prod --region eu-west-1 --package
// packages/1.4.0` with your settings and parameters. Here: `npm ci`, then
//   npx cdk deploy -c package=../../packages/1.4.0 -c stage=prod
import { App, Stack } from 'aws-cdk-lib'
import { KafkaProducerFunctions } from './kafka-producer-functions.ts'

const app = new App()
const context = (name: string): string => {
  const value: unknown = app.node.tryGetContext(name)
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`-c ${name}=…: expected a value, got nothing.`)
}
const stack = new Stack(app, 'KafkaProducer', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
})
new KafkaProducerFunctions(stack, 'Functions', { packageFolder: context('package'), stage: context('stage') })
