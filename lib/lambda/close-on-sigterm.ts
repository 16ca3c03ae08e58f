// SIGTERM, which comes before a sandbox with an extension ends: what is on its way is finished, then connections are closed.
import { openScopes } from '../delivery/invocation-scope.ts'
import type { ProducerFactory } from '../producer-factory.ts'

const LOOK_MS = 10

/** Ends the process when it has closed. Nothing is in memory between invocations, so that a sandbox that gets no signal loses nothing either. */
export function closeOnSigterm(factory: ProducerFactory): void {
  process.once('SIGTERM', async () => {
    while (openScopes() > 0) await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    await factory.close()
    process.exit(0)
  })
}
