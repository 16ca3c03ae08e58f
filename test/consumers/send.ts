// What every project in TypeScript does: it sends one record to the cluster in memory, and consumes it. The compression
// is WebAssembly that is loaded on first use, and so is the code that writes its key in Avro.
import { KafkaTemplate } from 'serverless-kafka-producer'
import { DuplicateFilter, MemoryIdStore } from 'serverless-kafka-producer/consumer'
import { ConfluentAvroSerializer, type SchemaRegistry } from 'serverless-kafka-producer/schema-registry'
import { createFakeKafka } from 'serverless-kafka-producer/testing'

const schema = '"string"'
const registry: SchemaRegistry = {
  find: async () => ({
    id: { registry: 'confluent', id: 7, guid: undefined },
    version: 1,
    type: 'AVRO',
    text: schema,
    references: [],
    imports: new Map(),
  }),
}

/** @returns the value of the record that the cluster holds */
export async function sendOne(): Promise<string | null | undefined> {
  const kafka = createFakeKafka()
  const keySerializer = new ConfluentAvroSerializer<string>({ schema, registry })
  const factory = kafka.producerFactory({ compressionType: 'lz4', keySerializer })
  await new KafkaTemplate(factory).send('orders', 'order-1', 'paid')
  await factory.close()
  const filter = new DuplicateFilter({ store: new MemoryIdStore(), consumer: 'orders' })
  let value: string | null | undefined
  await filter.once({ topic: 'orders', id: 'order-1' }, () => {
    const [record] = kafka.records('orders', { key: bytes => bytes.toString('hex') })
    value = record?.key === '00000000070e6f726465722d31' ? record.value : record?.key
  })
  return value
}
