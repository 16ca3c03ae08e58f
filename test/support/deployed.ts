// The CloudFormation resources that the template makes of contracts and parameters.
import type { Json } from '../../scripts/template/cloudformation.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import { contractsFedBy } from './contracts.ts'

interface DeployedResource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: a template has every shape
  readonly Properties: any
}

export interface Deployed {
  // biome-ignore lint/suspicious/noExplicitAny: a template has every shape
  readonly functions: Readonly<Record<string, any>>
  readonly resources: Readonly<Record<string, DeployedResource>>
  ofType(type: string): DeployedResource['Properties'][]
}

const ENV = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }

/** @param feeds the `from` of each topic */
export function deployed(
  feeds: Readonly<Record<string, object>>,
  params: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Deployed {
  const form = oslsForm(deploymentOf(contractsFedBy(feeds), { ...ENV, ...env }, readOptions(params)))
  const { Resources } = form.resources as { Resources: Deployed['resources'] }
  return {
    ...(form as Json & Pick<Deployed, 'functions'>),
    resources: Resources,
    ofType: type =>
      Object.values(Resources)
        .filter(({ Type }) => Type === type)
        .map(({ Properties }) => Properties),
  }
}
