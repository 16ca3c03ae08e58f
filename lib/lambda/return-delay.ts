// How long a message that goes back to its queue stays hidden: the longer, the more often it was received. The template
// derives `maxReceiveCount` from the same series. Pure.

const FIRST_S = 10
/** A delay is shortened by up to this part, so that messages of many containers do not return at once. */
const JITTER = 0.2
/** The largest `maxReceiveCount` that SQS takes. */
const MAX_RECEIVES = 1000

/**
 * Seconds: about 10 × 2^n after n earlier receives, `maxS` at most.
 * @param receiveCount how often the message was received, this time included
 */
export function returnDelayS(receiveCount: number, maxS: number, random: () => number = Math.random): number {
  const longest = Math.min(maxS, FIRST_S * 2 ** (Math.max(1, receiveCount) - 1))
  return Math.ceil(longest * (1 - JITTER * random()))
}

/** How many receives span an outage of this length, even if each delay is as short as it can be; 1000 at most. */
export function receivesInOutage(outageS: number, maxS: number): number {
  let spanS = 0
  let receives = 0
  while (spanS < outageS && receives < MAX_RECEIVES) spanS += returnDelayS(++receives, maxS, () => 1)
  return Math.max(1, receives)
}
