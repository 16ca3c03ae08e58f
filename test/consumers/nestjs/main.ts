import 'reflect-metadata'
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { KafkaTemplate, ProducerFactory } from 'serverless-kafka-producer'
import { createFakeKafka, FakeKafka } from 'serverless-kafka-producer/testing'

@Injectable()
class Orders implements OnModuleDestroy {
  constructor(
    private readonly template: KafkaTemplate<string, string>,
    private readonly factory: ProducerFactory,
  ) {}

  async pay(id: string): Promise<void> {
    await this.template.send('orders', id, 'paid')
  }

  async onModuleDestroy(): Promise<void> {
    await this.factory.close()
  }
}

@Module({
  providers: [
    Orders,
    { provide: FakeKafka, useFactory: () => createFakeKafka() },
    { provide: ProducerFactory, useFactory: (kafka: FakeKafka) => kafka.producerFactory(), inject: [FakeKafka] },
    {
      provide: KafkaTemplate,
      useFactory: (factory: ProducerFactory) => new KafkaTemplate(factory),
      inject: [ProducerFactory],
    },
  ],
})
class App {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] })
  await app.get(Orders).pay('order-1')
  const [record] = app.get(FakeKafka).records('orders')
  await app.close()
  console.log(record?.value === 'paid' ? 'ok' : record)
}

void main()
