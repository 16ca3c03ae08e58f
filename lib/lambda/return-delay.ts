// Computes how long a message that goes back to its queue stays hidden: longer, the more often it was received. The
// template derives `maxReceiveCount` from the same series. Pure functions.

const FIRST_S = 10
/** A delay is shortened by up to this part, so that the messages of many containers do not return at the same time. */
const JITTER = 0.2
/** The largest `maxReceiveCount` that SQS accepts. */
const MAX_RECEIVES = 1000

/**
 * Returns the delay in seconds: about 10 × 2^n after n earlier receives, at most `maxS`.
 * @param receiveCount how often the message was received, this time included
 */
export function returnDelayS(receiveCount: number, maxS: number, random: () => number = Math.random): number {
  const longest = Math.min(maxS, FIRST_S * 2 ** (Math.max(1, receiveCount) - 1))
  return Math.ceil(longest * (1 - JITTER * random()))
}

/** Returns how many receives an outage of this length can take, if each delay is as short as possible; at most 1000. */
export function receivesInOutage(outageS: number, maxS: number): number {
  let spanS = 0
  let receives = 0
  while (spanS < outageS && receives < MAX_RECEIVES) spanS += returnDelayS(++receives, maxS, () => 1)
  return Math.max(1, receives)
}
