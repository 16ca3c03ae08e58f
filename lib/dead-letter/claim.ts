// Claim checks: a value too large for its target is stored in another target, under the id of its dead letter.

/** The value of a dead letter, as its claim check describes it. */
export interface Claim {
  readonly deadLetterId: string
  /** The size of the value; the reader never reads more. */
  readonly bytes: number
}

/** Suffix of the marker which says that the value's dead letter is completed. */
export const COMPLETED_SUFFIX = '.completed'

/** Returns the name of a value within its target. */
export function claimName(deadLetterId: string): string {
  return `claims/${deadLetterId}`
}
