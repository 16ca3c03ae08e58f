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
import { FailFast } from './fail-fast.ts'
import { gatewayTimeEpoch } from './http-event.ts'
import { answerDeadline, sendingDeadline } from './remaining-time.ts'

const INIT_CONNECT_MS = 3000

/** What the middleware adds to the Lambda context. */
export interface KafkaContext {
  readonly kafka: {
    readonly producer: KafkaProducer
    /** When sending ends in this invocation. */
    readonly deadline: Deadline
    /** When the dead letters must be stored, so that the answer still leaves. */
    readonly answerBy: Deadline
  }
}

export interface KafkaProducerMiddlewareOptions {
  readonly factory: ProducerFactory
  readonly config: ProducerConfig
}

export function kafkaProducer({
  factory,
  config,
}: KafkaProducerMiddlewareOptions): MiddlewareObj<unknown, unknown, Error, Context & KafkaContext> {
  const scopes = new WeakMap<object, InvocationScope>()
  const failFast = new FailFast(systemClock)
  const leave = async (context: object) => {
    const scope = scopes.get(context)
    scopes.delete(context)
    try {
      await scope?.close()
    } finally {
      if (scope && !scope.refusal) failFast.note(scope, scope.outcomes)
    }
  }
  return {
    before: request => {
      const remaining = request.context.getRemainingTimeInMillis()
      const gatewayTime = gatewayTimeEpoch(request.event)
      const deadline = sendingDeadline(remaining, config, gatewayTime)
      const answerBy = answerDeadline(remaining, config, gatewayTime)
      const least = config.deadlineReserveMs + config.requestTimeoutMs
      const scope = new InvocationScope(deadline, scope =>
        remaining > least ? failFast.refusal(scope) : tooShort(least),
      )
      scopes.set(request.context, scope)
      Object.assign(request.context, {
        kafka: { producer: factory.getProducer(config), deadline, answerBy },
      } satisfies KafkaContext)
      scope.enter()
    },
    after: request => leave(request.context),
    // The handler's own error stays the answer; what it had begun to send is awaited all the same.
    onError: request => leave(request.context).catch(() => undefined),
  }
}

function tooShort(least: number): TransportError {
  return new TransportError(
    'deadline-too-short',
    `The function's time-out: expected more than KAFKA_DEADLINE_RESERVE_MS + request.timeout.ms (${least} ms), got less.`,
  )
}

/** Connects in init, where time is not an invocation's. Failing fails nothing: the invocation tries again. */
export async function connectInInit(
  { factory, config }: KafkaProducerMiddlewareOptions,
  onFailure: (error: unknown) => void,
): Promise<void> {
  await factory.connect(config, Deadline.after(systemClock, INIT_CONNECT_MS)).catch(onFailure)
}
