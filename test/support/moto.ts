// Starts moto, an emulation of AWS services. `.ci/run` installs it; MOTO_SERVER names the program.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { accepts, freePort } from '../../local/ports.ts'
import { pause } from './time.ts'

export interface Moto {
  readonly url: string
  stop(): void
}

export const AWS_TEST_KEYS = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' }

/** @param kind `stacks`: for templates of CloudFormation; needs PYTHON, the interpreter that has moto */
export async function startMoto(kind: 'services' | 'stacks' = 'services'): Promise<Moto> {
  const port = await freePort()
  const [program, args] =
    kind === 'stacks'
      ? [process.env.PYTHON ?? 'python3', ['test/support/moto-stacks.py']]
      : [process.env.MOTO_SERVER ?? 'moto_server', []]
  const moto = spawn(program, [...args, '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  for (const end = Date.now() + 60_000; !(await accepts(port)); ) {
    assert.ok(Date.now() < end && moto.exitCode === null, 'moto_server did not start')
    await pause(200)
  }
  return { url: `http://127.0.0.1:${port}`, stop: () => void moto.kill() }
}
