// The template, configured in code or by a settings file, with the same result.
import { KafkaTemplate, loadConfig, ProducerFactory, parseConfig } from 'serverless-kafka-producer'

export function templateOfCode(bootstrapServers: string): KafkaTemplate<string, string> {
  const config = parseConfig({
    bootstrapServers,
    keySerializer: 'org.apache.kafka.common.serialization.StringSerializer',
    valueSerializer: 'org.apache.kafka.common.serialization.StringSerializer',
  })
  return new KafkaTemplate(new ProducerFactory({ config }))
}

/** @param configFile e.g. the application.yaml in this folder */
export async function templateOfFile(configFile: string): Promise<KafkaTemplate<string, string>> {
  return new KafkaTemplate<string, string>(new ProducerFactory({ config: await loadConfig({ configFile }) }))
}
