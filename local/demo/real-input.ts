// One week of real earthquakes (USGS GeoJSON, from vega-datasets) with a hundred broken ones mixed in at fixed places.
import { readFileSync } from 'node:fs'

export interface DemoRecord {
  readonly id: string
  readonly body: string
  /** Broken on purpose: the answer must be a 4xx. */
  readonly broken: boolean
}

interface Feature {
  readonly id: string
  readonly properties: Record<string, unknown>
  readonly geometry: { readonly type: string; readonly coordinates: readonly number[] }
}

/** Ways to break a feature; each must be refused. */
const BREAKS: readonly ((feature: Feature) => unknown)[] = [
  feature => ({ value: { ...feature, type: 'Quake' } }),
  feature => ({ value: { ...feature, properties: { ...feature.properties, mag: 'strong' } } }),
  feature => ({ value: { ...feature, geometry: { type: 'Point', coordinates: feature.geometry.coordinates.slice(0, 2) } } }),
  feature => ({ value: { ...feature, geometry: null } }),
  feature => ({ key: `not-${feature.id}`, value: feature }),
  () => ({ key: 'tombstone', value: null }),
  feature => ({ value: { ...feature, id: undefined } }),
  feature => ({ value: feature, partition: -1 }),
  feature => ({ value: feature, headers: [{ name: 'kp-id', value: 'mine' }] }),
  feature => ({ value: feature, acks: 0 }),
]

export function realInput(broken = 100): DemoRecord[] {
  const path = new URL('../../node_modules/vega-datasets/data/earthquakes.json', import.meta.url)
  const { features } = JSON.parse(readFileSync(path, 'utf8')) as { features: Feature[] }
  const every = Math.floor(features.length / broken)
  return features.flatMap((feature, index) => {
    const record = { id: feature.id, body: JSON.stringify({ key: feature.id, value: feature }), broken: false }
    const at = index / every
    if (!Number.isInteger(at) || at >= broken) return [record]
    const wrong = BREAKS[at % BREAKS.length] as (feature: Feature) => unknown
    return [record, { id: `broken-${at}`, body: JSON.stringify(wrong(feature)), broken: true }]
  })
}
