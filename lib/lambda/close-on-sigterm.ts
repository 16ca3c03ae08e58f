// Lambda sends SIGTERM before a sandbox with an extension ends: invocations finish, then the connections are closed.
import { activeInvocations } from '../delivery/invocation-scope.ts'
import type { ProducerFactory } from '../producer-factory.ts'
import { sleep, systemClock } from '../time/clock.ts'

const POLL_MS = 10

/**
 * Closes the producers on SIGTERM, then ends the process. A sandbox that gets no signal loses nothing either: no record
 * stays in memory between invocations.
 */
export function closeOnSigterm(factory: ProducerFactory): void {
  process.once('SIGTERM', async () => {
    while (activeInvocations() > 0) await sleep(systemClock, POLL_MS)
    await factory.close()
    process.exit(0)
  })
}
