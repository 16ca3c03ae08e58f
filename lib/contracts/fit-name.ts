// Shortens names of AWS resources to the length that AWS allows.
import { createHash } from 'node:crypto'

const FIFO = '.fifo'

/** SQS's limit for the name of a queue, `.fifo` included. */
export const MAX_QUEUE_NAME = 80

/**
 * Returns the name if it fits, else its beginning and a hash of the whole name, so that two long names stay different.
 * `.fifo` stays at the end.
 */
export function fitName(name: string, maxLength: number): string {
  if (name.length <= maxLength) return name
  const end = name.endsWith(FIFO) ? FIFO : ''
  return `${name.slice(0, maxLength - 9 - end.length)}-${shortHash(name)}${end}`
}

/** Returns eight hexadecimal digits of the text's hash. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
