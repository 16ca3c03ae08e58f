// The names that Java and Spring give to serializers and partitioners, understood in settings.

const KAFKA = 'org.apache.kafka.common.serialization.'
const SERIALIZERS: Readonly<Record<string, string>> = {
  [`${KAFKA}StringSerializer`]: 'string',
  [`${KAFKA}ByteArraySerializer`]: 'bytes',
  [`${KAFKA}ByteBufferSerializer`]: 'bytes',
  [`${KAFKA}BytesSerializer`]: 'bytes',
  [`${KAFKA}IntegerSerializer`]: 'integer',
  [`${KAFKA}LongSerializer`]: 'long',
  [`${KAFKA}DoubleSerializer`]: 'double',
  [`${KAFKA}UUIDSerializer`]: 'uuid',
  [`${KAFKA}VoidSerializer`]: 'void',
  'org.springframework.kafka.support.serializer.JsonSerializer': 'json',
  'org.springframework.kafka.support.serializer.JacksonJsonSerializer': 'json',
}
const SERIALIZER_NAMES: ReadonlySet<string> = new Set(Object.values(SERIALIZERS))

export function serializerName(text: string): string | undefined {
  return SERIALIZER_NAMES.has(text) ? text : SERIALIZERS[text]
}

export function partitionerName(text: string): string | undefined {
  return text === 'round-robin' || text === 'org.apache.kafka.clients.producer.RoundRobinPartitioner'
    ? 'round-robin'
    : undefined
}

/** Of a module, relative to the working directory. */
export function isPath(text: string): boolean {
  return /^(\.{0,2}\/|file:)/.test(text)
}
