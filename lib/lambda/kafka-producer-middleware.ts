// kafkaProducer(), the middy middleware that gives a handler the warm producer, its deadline and an invocation scope.
import type { MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import { checkConfig, checkOptions, isFactory, kindOf, type OptionKind } from '../check-options.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { InvocationScope } from '../delivery/invocation-scope.ts'
import type { Invocations } from '../delivery/invocations.ts'
import { ConfigError, TransportError } from '../errors.ts'
import type { RecordIdOption } from '../identify-records.ts'
import type { KafkaProducer } from '../kafka-producer.ts'
import type { ProducerFactory } from '../producer-factory.ts'
import { isRecordIdOption, RECORD_ID_EXPECTED } from '../record/record-id.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { FailFast } from './fail-fast.ts'
import { gatewayWait } from './gateway-wait.ts'
import { remainingMs } from './invocation-facts.ts'
import { answerDeadline, sendingDeadline } from './remaining-time.ts'

const INIT_CONNECT_MS = 3000

/** What middy keeps for the middlewares of a request. */
type Internal = Record<symbol, InvocationScope | undefined>

/** The fields that the middleware adds to the Lambda context. */
export interface KafkaContext {
  readonly kafka: {
    readonly producer: KafkaProducer
    /** When sending ends in this invocation. */
    readonly deadline: Deadline
    /** When dead letters must be stored, so that the answer is returned in time. */
    readonly answerBy: Deadline
    /** The invocations in progress with the producers of this factory, this one included. */
    readonly invocations: Invocations
    /**
     * Whether the event's time of receipt was ignored because it can't be true; the time that the gateway waits then
     * counts from the start of the invocation.
     */
    readonly isGatewayClockIgnored: boolean
  }
}

export interface KafkaProducerMiddlewareOptions {
  readonly factory: ProducerFactory
  /** Default: the factory's configuration. */
  readonly config?: ProducerConfig
  /** Which id records of `context.kafka.producer` without a `kp-id` header get. Default: the factory's, or `uuid`. */
  readonly recordId?: RecordIdOption
}

const OPTIONS = {
  factory: 'any',
  config: 'any',
  recordId: 'any',
} as const satisfies Record<keyof KafkaProducerMiddlewareOptions, OptionKind>

/**
 * Creates the middleware. It adds `context.kafka`, and waits for every send that the handler began before the answer is
 * returned. A failed send whose result the handler did not look at fails the invocation. A send that begins after the
 * handler's answer, for example in a streamed body, is refused with `unavailable`.
 * @throws ConfigError without a factory or a configuration, or for an invalid or unknown option
 */
export function kafkaProducer(
  options: KafkaProducerMiddlewareOptions,
): MiddlewareObj<unknown, unknown, Error, Context & KafkaContext> {
  checkOptions('kafkaProducer', options, OPTIONS, problem => {
    const { factory, config = factory?.config } = options
    if (!isFactory(factory)) problem(`factory: expected a ProducerFactory, got ${kindOf(factory)}.`)
    else checkConfig(config, problem)
  })
  const { factory, recordId = factory.recordId ?? 'uuid' } = options
  const config = (options.config ?? factory.config) as ProducerConfig
  if (!isRecordIdOption(recordId)) throw new ConfigError([RECORD_ID_EXPECTED])
  const scopeOf = Symbol('scope')
  const failFast = new FailFast(systemClock)
  const leave = async ({ internal }: { readonly internal: Internal }) => {
    const scope = internal[scopeOf]
    internal[scopeOf] = undefined
    try {
      await scope?.close()
    } finally {
      if (scope && !scope.refusal) failFast.note(scope, scope.outcomes)
    }
  }
  return {
    before: request => {
      const requiredMs = config.deadlineReserveMs + config.requestTimeoutMs
      const remaining = remainingMs(request.context, requiredMs + config.deliveryTimeoutMs)
      const gateway = gatewayWait(request.event, config, systemClock.epochMs())
      const answerMs = Math.min(remaining, gateway?.remainingMs ?? Number.POSITIVE_INFINITY)
      const deadline = sendingDeadline(answerMs, config)
      const answerBy = answerDeadline(answerMs, config)
      const scope = new InvocationScope(deadline, scope =>
        remaining > requiredMs ? failFast.refusal(scope) : tooShort(requiredMs),
      )
      const internal: Internal = request.internal
      internal[scopeOf] = scope
      const producer = factory.getProducer(config)
      scope.identify(producer, recordId)
      Object.assign(request.context, {
        kafka: {
          producer,
          deadline,
          answerBy,
          invocations: factory.invocations,
          isGatewayClockIgnored: gateway?.isClockIgnored ?? false,
        },
      } satisfies KafkaContext)
      scope.enter(factory.invocations)
    },
    after: leave,
    // The invocation ends with the handler's error; the sends that it began are awaited nevertheless.
    onError: request => leave(request).catch(() => undefined),
  }
}

function tooShort(requiredMs: number): TransportError {
  return new TransportError(
    'deadline-too-short',
    `The function’s timeout is too short. Raise it to more than ${requiredMs} ms ` +
      '(KAFKA_DEADLINE_RESERVE_MS + request.timeout.ms).',
  )
}

/**
 * Connects during init, before the time of the first invocation runs. A failure is only reported, because the
 * invocation tries again.
 */
export async function connectInInit(
  { factory, config }: KafkaProducerMiddlewareOptions,
  onFailure: (error: unknown) => void,
): Promise<void> {
  await factory
    .connect((config ?? factory.config) as ProducerConfig, Deadline.after(systemClock, INIT_CONNECT_MS))
    .catch(onFailure)
}
