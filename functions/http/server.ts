// Runs the HTTP function as a program, in a container without Lambda. Only this program reads PORT (default 8080), HOST
// (0.0.0.0) and DRAIN_DELAY_MS (5000); all other settings are those of the function. On SIGTERM or SIGINT it ends after
// every request has its answer.
import { ConfigError } from '../../lib/errors.ts'
import { createServices } from '../create-services.ts'
import { createHttpHandler } from './create-http-handler.ts'
import { HttpServer } from './http-server.ts'

/** As behind an HTTP API, whose clients wait at most 30 s. */
const DEADLINE_MS = 29_000

/**
 * Reads an integer from an environment variable.
 * @throws ConfigError
 */
function integer(name: string, otherwise: number, max: number): number {
  const text = process.env[name] || String(otherwise)
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= max) return value
  throw new ConfigError([`${name}: expected an integer from 0 to ${max}; got ${JSON.stringify(text)}.`])
}

async function start(): Promise<void> {
  const [port, drainDelayMs] = [integer('PORT', 8080, 65_535), integer('DRAIN_DELAY_MS', 5000, 600_000)]
  const services = await createServices('http')
  const { config, factory, deadLetters, log } = services
  const handler = createHttpHandler(services)
  const server = new HttpServer({
    handler: (event, context) => handler(event, context as Parameters<typeof handler>[1]),
    maxConcurrency: config.httpMaxConcurrency,
    deadlineMs: config.httpDeadlineMs ?? DEADLINE_MS,
    corsOrigins: config.httpCorsOrigins,
    onError: log.requestFailed,
    onRefused: (requestId, code) => log.refusedRequest(requestId, code),
  })

  let isEnding = false
  async function end(): Promise<void> {
    if (isEnding) process.exit(1) // a second signal ends at once
    isEnding = true
    await server.drain(drainDelayMs)
    await Promise.all([factory.close(), deadLetters.close()])
    process.exit(0)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)

  console.log(`Listening on port ${await server.listen(port, process.env.HOST || '0.0.0.0')}.`)
}

/**
 * Prints the error in place of throwing it: Node would print the source line that throws, which in a bundle is the
 * whole file.
 */
function fail(error: unknown): void {
  const isOfSystem = error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
  console.error(isOfSystem ? error.message : error)
  process.exit(1)
}

await start().catch(fail)
