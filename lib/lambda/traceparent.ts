// W3C trace context: the caller's traceparent, else one made from AWS's trace header, else a new one.

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const AWS_TRACE = /Root=1-([0-9a-f]{8})-([0-9a-f]{24})/

/** `awsTrace`: X-Amzn-Trace-Id or AWSTraceHeader, e.g. `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. */
export function traceparentOf(given: string | undefined, awsTrace: string | undefined, randomBytes: (size: number) => Buffer): string {
  if (given !== undefined && TRACEPARENT.test(given)) return given
  const root = AWS_TRACE.exec(awsTrace ?? '')
  const parent = /Parent=([0-9a-f]{16})/.exec(awsTrace ?? '')?.[1]
  const sampled = /Sampled=1/.test(awsTrace ?? '') ? '01' : '00'
  // One draw for both ids: each costs a call into the kernel.
  const random = randomBytes(24).toString('hex')
  const traceId = root ? `${root[1]}${root[2]}` : random.slice(0, 32)
  return `00-${traceId}-${(root && parent) || random.slice(32)}-${root ? sampled : '00'}`
}
