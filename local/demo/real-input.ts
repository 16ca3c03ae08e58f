// One week of real earthquakes (USGS GeoJSON, from vega-datasets) with a hundred broken ones mixed in at fixed places, over
// the three triggers in turn.
import { readFileSync } from 'node:fs'

export type Trigger = 'http' | 'sqs' | 'eventbridge'
export const TRIGGERS: readonly Trigger[] = ['http', 'sqs', 'eventbridge']
const BROKEN = 100

export interface DemoRecord {
  readonly trigger: Trigger
  /** The caller's own id, for HTTP. */
  readonly id: string
  /** What is sent: an HTTP body, a message's body, an event's detail. */
  readonly body: string
  /** Broken on purpose: over HTTP the answer must be a 4xx, over the others it must become a dead letter. */
  readonly broken: boolean
}

interface Feature {
  readonly id: string
  readonly properties: Record<string, unknown>
  readonly geometry: { readonly type: string; readonly coordinates: readonly number[] }
}

/** Ways to break a feature. */
const WRONG_VALUES: readonly ((feature: Feature) => object)[] = [
  feature => ({ ...feature, type: 'Quake' }),
  feature => ({ ...feature, properties: { ...feature.properties, mag: 'strong' } }),
  feature => ({ ...feature, geometry: { type: 'Point', coordinates: feature.geometry.coordinates.slice(0, 2) } }),
  feature => ({ ...feature, geometry: null }),
  feature => ({ ...feature, id: undefined }),
]
/** Ways to break a request. */
const WRONG_REQUESTS: readonly ((feature: Feature) => object)[] = [
  ...WRONG_VALUES.map(wrong => (feature: Feature) => ({ value: wrong(feature) })),
  feature => ({ key: `not-${feature.id}`, value: feature }),
  () => ({ key: 'tombstone', value: null }),
  feature => ({ value: feature, partition: -1 }),
  feature => ({ value: feature, headers: [{ name: 'kp-id', value: 'mine' }] }),
  feature => ({ value: feature, acks: 0 }),
]

export function realInput(triggers: readonly Trigger[]): DemoRecord[] {
  const path = new URL('../../node_modules/vega-datasets/data/earthquakes.json', import.meta.url)
  const { features } = JSON.parse(readFileSync(path, 'utf8')) as { features: Feature[] }
  const every = Math.floor(features.length / BROKEN)
  return features.flatMap((feature, index): DemoRecord[] => {
    const trigger = triggers[index % triggers.length] as Trigger
    const record = {
      trigger,
      id: feature.id,
      body: JSON.stringify(trigger === 'http' ? { key: feature.id, value: feature } : feature),
      broken: false,
    }
    const at = index / every
    return Number.isInteger(at) && at < BROKEN ? [record, brokenRecord(feature, at, triggers)] : [record]
  })
}

function brokenRecord(feature: Feature, at: number, triggers: readonly Trigger[]): DemoRecord {
  const trigger = triggers[at % triggers.length] as Trigger
  const wrongs = trigger === 'http' ? WRONG_REQUESTS : WRONG_VALUES
  const wrong = wrongs[Math.floor(at / triggers.length) % wrongs.length] as (feature: Feature) => object
  return { trigger, id: `broken-${at}`, body: JSON.stringify(wrong(feature)), broken: true }
}
