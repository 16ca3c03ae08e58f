// How the time per record changes as the batch, the number of partitions, the concurrency or the payload grows. If a
// step costs more per unit than the step before, growth is worse than linear.
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { growthInMemory } from './growth-in-memory.ts'
import { median, round } from './measure.ts'
import { ourProducer, quakes } from './subjects.ts'

export interface Curve {
  readonly name: string
  readonly unit: string
  readonly points: readonly { readonly at: number; readonly perUnit: number }[]
}

export async function growthCurves(servers: string): Promise<Curve[]> {
  const producer = ourProducer(servers)
  const partitions = [1, 10, 100, 1000]
  await createTopics(
    servers,
    partitions.map(count => ({ topic: `grow-${count}`, partitions: count, replicas: 1 })),
  )
  for (const count of partitions) await untilInSync(servers, `grow-${count}`, 1, 120_000)
  const batch = await curve('batch, records', 'µs per record', [1, 10, 100, 1000, 10_000, 20_000], 1000, size => {
    const records = quakes(size).map(record => ({ topic: 'grow-10', ...record }))
    return { units: size, call: () => producer.sendAll(records) }
  })
  const spread = await curve('partitions', 'µs per record of 2,000', partitions, 1000, count => {
    const records = Array.from({ length: 2000 }, (_, i) => ({
      topic: `grow-${count}`,
      value: 'v'.repeat(100),
      partition: i % count,
    }))
    return { units: 2000, call: () => producer.sendAll(records) }
  })
  const concurrency = await curve('concurrent sends', 'µs per record', [1, 8, 64, 512], 1000, size => {
    const records = quakes(size).map(record => ({ topic: 'grow-10', ...record }))
    return { units: size, call: () => Promise.all(records.map(record => producer.send(record))) }
  })
  const payload = await curve('payload, bytes', 'µs per KB', [100, 1000, 10_000, 100_000, 900_000], 1000, size => {
    const value = Buffer.alloc(size, 'x')
    return { units: size / 1000, call: () => producer.send({ topic: 'grow-10', key: 'k', value }) }
  })
  await producer.close()
  return [batch, spread, concurrency, payload, ...(await growthInMemory())]
}

async function curve(
  name: string,
  unit: string,
  sizes: readonly number[],
  scale: number,
  of: (size: number) => { units: number; call: () => Promise<unknown> },
): Promise<Curve> {
  const points: { at: number; perUnit: number }[] = []
  for (const at of sizes) {
    const { units, call } = of(at)
    for (let i = 0; i < 3; i++) await call()
    const took: number[] = []
    const end = performance.now() + 1500
    while (took.length < 7 || (performance.now() < end && took.length < 200)) {
      const begin = performance.now()
      await call()
      took.push(performance.now() - begin)
    }
    points.push({ at, perUnit: round((median(took) / units) * scale) })
  }
  return { name, unit, points }
}
