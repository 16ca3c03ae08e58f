// TLS of broker connections: nothing outside this library turns certificate checks off or allows an old version.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test } from 'node:test'
import tls, { createServer, type TlsOptions } from 'node:tls'
import { systemClock } from '../../lib/time/clock.ts'
import { AnswerTimes } from '../../lib/transport/answer-times.ts'
import { BrokerConnection } from '../../lib/transport/kafkajs/broker-connection.ts'
import { rotatingLookup } from '../../lib/transport/kafkajs/rotating-lookup.ts'
import { temporaryFolder } from '../../local/processes.ts'

let certificate: { readonly key: string; readonly cert: string }
before(() => {
  const folder = temporaryFolder()
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key -out cert'.split(' ')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', ...options, ...subject], { cwd: folder, stdio: 'pipe' })
  certificate = { key: readFileSync(join(folder, 'key'), 'utf8'), cert: readFileSync(join(folder, 'cert'), 'utf8') }
})

/** Connects to a TLS server; `received` counts the bytes that the client sent it inside TLS. */
async function connectTo(server: TlsOptions, ca?: string): Promise<{ problem: string; received: number }> {
  let received = 0
  const listener = createServer({ ...certificate, ...server }, socket => {
    socket.on('data', data => {
      received += data.length
      socket.destroy()
    })
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const connection = new BrokerConnection({
    lookup: rotatingLookup(0),
    host: 'localhost',
    port: (listener.address() as AddressInfo).port,
    clientId: 'test',
    clock: systemClock,
    security: { tls: ca === undefined ? {} : { ca }, credentials: undefined },
    answerTimes: new AnswerTimes(),
    listenFirstMs: 0,
    onDestroyed: () => {},
    onGrace: () => {},
    onAnswer: () => {},
    onThrottle: () => {},
  })
  try {
    const problem = await connection.connect(5000, undefined).then(
      () => 'none',
      error => (error as Error).message,
    )
    return { problem, received }
  } finally {
    connection.destroy('CLOSED')
    listener.close()
  }
}

test('control: a server whose certificate is trusted gets the first request', async () => {
  assert.ok((await connectTo({}, certificate.cert)).received > 0)
})

test('NODE_TLS_REJECT_UNAUTHORIZED=0 does not turn the check of the certificate off', async () => {
  const earlier = process.env.NODE_TLS_REJECT_UNAUTHORIZED
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  try {
    const { problem, received } = await connectTo({})
    assert.match(problem, /certificate/i)
    assert.equal(received, 0)
  } finally {
    if (earlier === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = earlier
  }
})

test('a process that allows TLS 1.0 still refuses a broker that speaks less than TLS 1.2', async () => {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  tls.DEFAULT_MIN_VERSION = 'TLSv1'
  tls.DEFAULT_CIPHERS = old.ciphers
  try {
    assert.equal((await connectTo(old, certificate.cert)).received, 0)
  } finally {
    Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS })
  }
})
