// Of AWS's partitions, two have domains of their own: China and the European Sovereign Cloud.
const DOMAINS = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
] as const

/** Returns the domain of a region's services, which CloudFormation calls `AWS::URLSuffix`: `amazonaws.com`. */
export function awsDomain(region: string): string {
  return DOMAINS.find(([start]) => region.startsWith(start))?.[1] ?? 'amazonaws.com'
}
