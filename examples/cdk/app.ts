// Deploys the same bundles with AWS CDK. Run `npm run build` in the repository, then `npm ci` and `npx cdk deploy`
// here:
//   npx cdk deploy -c bootstrapServers=b-1:9098,b-2:9098 -c clusterArn=arn:aws:kafka:… -c vpcId=vpc-… -c
// securityGroupId=sg-…
import { App } from 'aws-cdk-lib'
import { KafkaProducerStack } from './kafka-producer-stack.ts'

const app = new App()
const context = (name: string): string => {
  const value: unknown = app.node.tryGetContext(name)
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`-c ${name}=…: expected a value, got nothing.`)
}
new KafkaProducerStack(app, 'KafkaProducer', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  bootstrapServers: context('bootstrapServers'),
  clusterArn: context('clusterArn'),
  vpcId: context('vpcId'),
  securityGroupId: context('securityGroupId'),
})
