// The input of the demo: one week of real earthquakes (USGS GeoJSON, from vega-datasets), and a hundred invalid ones at
// fixed positions, sent through the three triggers in turn.
import { readFileSync } from 'node:fs'

export type Trigger = 'http' | 'sqs' | 'eventbridge'
export const TRIGGERS: readonly Trigger[] = ['http', 'sqs', 'eventbridge']
const INVALID = 100

export interface DemoRecord {
  readonly trigger: Trigger
  /** The caller's own id, for HTTP. */
  readonly id: string
  /** The body of an HTTP request or a message, or the detail of an event. */
  readonly body: string
  /** Invalid on purpose: HTTP must answer with 4xx, the other triggers must store a dead letter. */
  readonly isInvalid: boolean
}

interface Feature {
  readonly id: string
  readonly properties: Record<string, unknown>
  readonly geometry: { readonly type: string; readonly coordinates: readonly number[] }
}

/** Ways to make a feature invalid. */
const INVALID_VALUES: readonly ((feature: Feature) => object)[] = [
  feature => ({ ...feature, type: 'Quake' }),
  feature => ({ ...feature, properties: { ...feature.properties, mag: 'strong' } }),
  feature => ({ ...feature, geometry: { type: 'Point', coordinates: feature.geometry.coordinates.slice(0, 2) } }),
  feature => ({ ...feature, geometry: null }),
  feature => ({ ...feature, id: undefined }),
]
/** Ways to make a request invalid. */
const INVALID_REQUESTS: readonly ((feature: Feature) => object)[] = [
  ...INVALID_VALUES.map(toInvalid => (feature: Feature) => ({ value: toInvalid(feature) })),
  feature => ({ key: `not-${feature.id}`, value: feature }),
  () => ({ key: 'tombstone', value: null }),
  feature => ({ value: feature, partition: -1 }),
  feature => ({ value: feature, headers: [{ name: 'kp-id', value: 'mine' }] }),
  feature => ({ value: feature, acks: 0 }),
]

export function realInput(triggers: readonly Trigger[]): DemoRecord[] {
  const path = new URL('../../node_modules/vega-datasets/data/earthquakes.json', import.meta.url)
  const { features } = JSON.parse(readFileSync(path, 'utf8')) as { features: Feature[] }
  const every = Math.floor(features.length / INVALID)
  return features.flatMap((feature, index): DemoRecord[] => {
    const trigger = triggers[index % triggers.length] as Trigger
    const record = {
      trigger,
      id: feature.id,
      body: JSON.stringify(trigger === 'http' ? { key: feature.id, value: feature } : feature),
      isInvalid: false,
    }
    const at = index / every
    return Number.isInteger(at) && at < INVALID ? [record, invalidRecord(feature, at, triggers)] : [record]
  })
}

function invalidRecord(feature: Feature, at: number, triggers: readonly Trigger[]): DemoRecord {
  const trigger = triggers[at % triggers.length] as Trigger
  const ways = trigger === 'http' ? INVALID_REQUESTS : INVALID_VALUES
  const toInvalid = ways[Math.floor(at / triggers.length) % ways.length] as (feature: Feature) => object
  return { trigger, id: `invalid-${at}`, body: JSON.stringify(toInvalid(feature)), isInvalid: true }
}
