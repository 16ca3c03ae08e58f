// Certificates in files are read again when they change; one that can't be used does not replace the one in use.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { ConfigError } from '../../lib/errors.ts'
import { TlsFiles } from '../../lib/security/pem.ts'

const folder = mkdtempSync(join(tmpdir(), 'tls-'))
after(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)
const read = (name: string) => readFileSync(path(name), 'utf8')
const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=a'.split(' ')
before(() => {
  for (const name of ['1', '2']) {
    execFileSync('openssl', ['req', ...options, '-keyout', `${name}.key`, '-out', `${name}.crt`], {
      cwd: folder,
      stdio: 'pipe',
    })
    writeFileSync(path(`${name}.pem`), read(`${name}.key`) + read(`${name}.crt`))
  }
})

/** Replaces a file as one step, as tools that renew certificates do. */
function put(name: string, text: string): void {
  writeFileSync(path('new'), text)
  renameSync(path('new'), path(name))
}

function filesOf() {
  put('client.pem', read('1.pem'))
  put('ca.pem', read('1.crt'))
  const warnings: string[] = []
  const config = parseConfig(
    {
      bootstrapServers: 'a:1,b:2',
      securityProtocol: 'SSL',
      sslTruststoreLocation: path('ca.pem'),
      sslKeystoreLocation: path('client.pem'),
    },
    {},
  )
  return { files: new TlsFiles(config, text => warnings.push(text)), warnings }
}

test('a renewed certificate is used by the next connection', () => {
  const { files, warnings } = filesOf()
  const first = files.current()
  assert.deepEqual([first.ca, first.cert], [read('1.crt'), read('1.pem')])
  assert.equal(files.current(), first, 'not read again while nothing changes')
  put('client.pem', read('2.pem'))
  put('ca.pem', read('2.crt'))
  const { ca, cert, key } = files.current()
  assert.deepEqual([ca, cert, key], [read('2.crt'), read('2.pem'), read('2.pem')])
  assert.deepEqual(warnings, [])
})

test('a link that leads to another file is a change', () => {
  const { files } = filesOf()
  rmSync(path('client.pem'))
  symlinkSync(path('2.pem'), path('client.pem'))
  assert.equal(files.current().cert, read('2.pem'))
  rmSync(path('client.pem'))
})

test('a file that is empty, half, of another key or missing is reported once, and the previous one stays', () => {
  for (const broken of ['', read('2.key'), read('2.pem').slice(0, -80), read('1.key') + read('2.crt'), undefined]) {
    const { files, warnings } = filesOf()
    if (broken === undefined) rmSync(path('client.pem'))
    else put('client.pem', broken)
    for (let n = 0; n < 3; n++) assert.equal(files.current().cert, read('1.pem'))
    assert.equal(warnings.length, 1, String(broken))
    assert.match(warnings[0] ?? '', /has changed and can't be used \(.+\); the previous one stays in use/)
    assert.ok(!/BEGIN|MII/.test(warnings[0] ?? ''))
    put('client.pem', read('2.pem'))
    assert.equal(files.current().cert, read('2.pem'))
  }
})

test('a file that is wrong from the start is a ConfigError', () => {
  filesOf()
  put('client.pem', 'no PEM')
  const config = parseConfig(
    { bootstrapServers: 'a:1,b:2', securityProtocol: 'SSL', sslKeystoreLocation: path('client.pem') },
    {},
  )
  assert.throws(() => new TlsFiles(config, () => {}), ConfigError)
})
