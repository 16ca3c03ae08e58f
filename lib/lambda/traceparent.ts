// W3C trace context: the caller's traceparent, else one made from AWS's trace header, else a new one.

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const AWS_TRACE = /Root=1-([0-9a-f]{8})-([0-9a-f]{24})/

/** `awsTrace`: X-Amzn-Trace-Id or AWSTraceHeader, e.g. `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. */
export function traceparentOf(given: string | undefined, awsTrace: string | undefined, randomUuid: () => string): string {
  if (given !== undefined && TRACEPARENT.test(given)) return given
  const root = AWS_TRACE.exec(awsTrace ?? '')
  const parent = /Parent=([0-9a-f]{16})/.exec(awsTrace ?? '')?.[1]
  const sampled = /Sampled=1/.test(awsTrace ?? '') ? '01' : '00'
  // Node draws the entropy of 128 UUIDs at once; a draw of its own per record costs a call into the kernel.
  const random = () => randomUuid().replaceAll('-', '')
  const traceId = root ? `${root[1]}${root[2]}` : random()
  return `00-${traceId}-${(root && parent) || random().slice(16)}-${root ? sampled : '00'}`
}
