// Names of AWS resources that would be longer than AWS allows.
import { createHash } from 'node:crypto'

const FIFO = '.fifo'

/** SQS's limit for the name of a queue, `.fifo` included. */
export const MAX_QUEUE_NAME = 80

/**
 * Returns the name if it fits, else its beginning with a hash of all of it, so that two long names stay two. `.fifo`
 * stays at the end.
 */
export function fitName(name: string, maxLength: number): string {
  if (name.length <= maxLength) return name
  const end = name.endsWith(FIFO) ? FIFO : ''
  return `${name.slice(0, maxLength - 9 - end.length)}-${shortHash(name)}${end}`
}

/** Eight hexadecimal digits. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
