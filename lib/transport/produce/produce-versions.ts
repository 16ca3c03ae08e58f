// Chooses the version of Produce for a broker: the highest that both sides know.
import { PRODUCE, type ProduceCodec } from './produce-codec.ts'
import { PRODUCE_V7, PRODUCE_V8 } from './produce-fixed.ts'
import { produceFlexible } from './produce-flexible.ts'

type Versions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>

/** Known since Kafka 3.9. */
export const NEWEST_PRODUCE = 12
const CODECS: readonly ProduceCodec[] = [...[NEWEST_PRODUCE, 11, 10, 9].map(produceFlexible), PRODUCE_V8, PRODUCE_V7]

/** @param versions of the broker that gets the request; undefined: unknown, so the lowest version is used */
export function produceCodec(versions: Versions | undefined): ProduceCodec {
  const range = versions?.[PRODUCE]
  return (range && CODECS.find(({ version }) => version <= range.maxVersion)) ?? PRODUCE_V7
}
