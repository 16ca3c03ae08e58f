// JWTs as an identity provider signs them, and the public keys by which a broker verifies them.
import { type KeyObject, sign } from 'node:crypto'

/** @param algorithm RS256, or ES384 as AWS signs by default */
export function signJwt(key: KeyObject, algorithm: 'RS256' | 'ES384', claims: object): string {
  const unsigned = [{ alg: algorithm, kid: algorithm, typ: 'JWT' }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const hash = algorithm === 'RS256' ? 'sha256' : 'sha384'
  return `${unsigned}.${sign(hash, Buffer.from(unsigned), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

export function jwksOf(keys: Readonly<Record<'RS256' | 'ES384', KeyObject>>): string {
  return JSON.stringify({
    keys: Object.entries(keys).map(([alg, key]) => ({ ...key.export({ format: 'jwk' }), alg, kid: alg, use: 'sig' })),
  })
}
