// The W3C trace context of a record: the caller's traceparent, else one derived from AWS's trace header, else a new
// one.
import { randomFillSync } from 'node:crypto'
import { isTraceparent } from '../record/traceparent.ts'

const AWS_TRACE = /Root=1-(?!0{8}-0{24})([0-9a-f]{8})-([0-9a-f]{24})(?![0-9a-f])/
const AWS_PARENT = /Parent=(?!0{16})([0-9a-f]{16})(?![0-9a-f])/
/** Bytes of a trace id and a span id. */
const IDS_BYTES = 24

/**
 * Returns the traceparent.
 * @param traceparent the caller's header; replaced if it is not valid
 * @param awsTrace the header X-Amzn-Trace-Id or AWSTraceHeader, such as
 *   `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`
 */
export function traceparentOf(traceparent: string | undefined, awsTrace: string | undefined): string {
  if (traceparent !== undefined && isTraceparent(traceparent)) return traceparent
  const ids = randomIds()
  const traceId = ids.slice(0, 32)
  const spanId = ids.slice(32)
  const root = awsTrace === undefined ? null : AWS_TRACE.exec(awsTrace)
  if (awsTrace === undefined || !root) return `00-${traceId}-${spanId}-00`
  const parent = AWS_PARENT.exec(awsTrace)?.[1]
  return `00-${root[1]}${root[2]}-${parent ?? spanId}-${/Sampled=1/.test(awsTrace) ? '01' : '00'}`
}

const entropy = Buffer.alloc(IDS_BYTES * 64)
let drawn = entropy.length

/**
 * Returns 48 random hexadecimal digits. Random bytes are generated for many records at once, because each time costs a
 * system call.
 */
function randomIds(): string {
  if (drawn === entropy.length) {
    randomFillSync(entropy)
    drawn = 0
  }
  drawn += IDS_BYTES
  return entropy.toString('hex', drawn - IDS_BYTES, drawn)
}
