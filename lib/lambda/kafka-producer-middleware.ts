// kafkaProducer(): the middy middleware that gives any handler the warm producer, the deadline and the invocation scope.
import type { MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import type { ProducerConfig } from '../config/settings.ts'
import { InvocationScope } from '../delivery/invocation-scope.ts'
import { TransportError } from '../errors.ts'
import type { KafkaProducer } from '../kafka-producer.ts'
import type { ProducerFactory } from '../producer-factory.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { gatewayTimeEpoch } from './http-event.ts'
import { sendingDeadline } from './remaining-time.ts'

const INIT_CONNECT_MS = 3000

/** What the middleware adds to the Lambda context. */
export interface KafkaContext {
  readonly kafka: {
    readonly producer: KafkaProducer
    /** When sending ends in this invocation. */
    readonly deadline: Deadline
  }
}

export interface KafkaProducerMiddlewareOptions {
  readonly factory: ProducerFactory
  readonly config: ProducerConfig
}

export function kafkaProducer({ factory, config }: KafkaProducerMiddlewareOptions): MiddlewareObj<unknown, unknown, Error, Context & KafkaContext> {
  const scopes = new WeakMap<object, InvocationScope>()
  const leave = async (context: object) => {
    const scope = scopes.get(context)
    scopes.delete(context)
    await scope?.close()
  }
  return {
    before: request => {
      const remaining = request.context.getRemainingTimeInMillis()
      const deadline = sendingDeadline(remaining, config, gatewayTimeEpoch(request.event))
      const least = config.deadlineReserveMs + config.requestTimeoutMs
      const scope = new InvocationScope(deadline, remaining > least ? undefined : tooShort(least))
      scopes.set(request.context, scope)
      Object.assign(request.context, { kafka: { producer: factory.producer(config), deadline } } satisfies KafkaContext)
      scope.enter()
    },
    after: request => leave(request.context),
    // The handler's own error stays the answer; what it had begun to send is awaited all the same.
    onError: request => leave(request.context).catch(() => undefined),
  }
}

function tooShort(least: number): TransportError {
  return new TransportError('deadline-too-short', `The function's time-out: expected more than KAFKA_DEADLINE_RESERVE_MS + request.timeout.ms (${least} ms), got less.`)
}

/** Connects in init, where time is not an invocation's. Failing fails nothing: the invocation tries again. */
export async function connectInInit({ factory, config }: KafkaProducerMiddlewareOptions, onFailure: (error: unknown) => void): Promise<void> {
  await factory.connect(config, Deadline.after(systemClock, INIT_CONNECT_MS)).catch(onFailure)
}
