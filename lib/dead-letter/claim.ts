// Claim checks: a value that is too large for its target is kept by another one, under the id of its dead letter.

/** The value of a dead letter, as its claim check describes it. */
export interface Claim {
  readonly deadLetterId: string
  /** The size of the value; not more is ever read. */
  readonly bytes: number
}

/** Behind a value's name: the mark that its dead letter is completed. */
export const COMPLETED_SUFFIX = '.completed'

/** The name of a value within its target. */
export function claimName(deadLetterId: string): string {
  return `claims/${deadLetterId}`
}
