import type { ProducerConfig } from '../config/settings.ts'

/** Returns the cluster's region from its ARN or its brokers' names, or else the function's. */
export function mskRegion(
  { mskClusterArn, bootstrapServers }: Pick<ProducerConfig, 'mskClusterArn' | 'bootstrapServers'>,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const fromName = /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws)/.exec(bootstrapServers[0] ?? '')?.[1]
  return mskClusterArn?.split(':')[3] || fromName || env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined
}
