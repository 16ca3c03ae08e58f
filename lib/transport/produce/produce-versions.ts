// Which version of Produce a broker gets: the highest that both sides know.
import { PRODUCE, type ProduceCodec } from './produce-codec.ts'
import { produceFlexible } from './produce-flexible.ts'
import { PRODUCE_V8 } from './produce-v8.ts'

type Versions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>

const CODECS: readonly ProduceCodec[] = [...[12, 11, 10, 9].map(produceFlexible), PRODUCE_V8]

/** @param versions of the broker that gets the request; undefined: not known, so the lowest is used */
export function produceCodec(versions: Versions | undefined): ProduceCodec {
  const range = versions?.[PRODUCE]
  return (range && CODECS.find(({ version }) => version <= range.maxVersion)) ?? PRODUCE_V8
}
