/** Returns the domain of a region's services, which CloudFormation calls `AWS::URLSuffix`: `amazonaws.com`. */
export function awsDomain(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com'
}
