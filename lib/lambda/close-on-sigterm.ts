// Closes the connections on SIGTERM, which Lambda sends before a sandbox with an extension ends.
import type { ProducerFactory } from '../producer-factory.ts'
import { sleep, systemClock } from '../time/clock.ts'

const POLL_MS = 10
/**
 * Lambda ends the process 500 ms after SIGTERM with an internal extension, 2 s after it with an external one.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
 */
const CLOSE_MS = 300

/**
 * Closes the producers on SIGTERM, then ends the process. A sandbox that gets no signal loses nothing either, because
 * no record stays in memory between invocations.
 */
export function closeOnSigterm(factory: ProducerFactory): void {
  process.once('SIGTERM', async () => {
    while (factory.invocations.active > 0) await sleep(systemClock, POLL_MS)
    await factory.close({ timeoutMs: CLOSE_MS })
    process.exit(0)
  })
}
