// Signs the JWT that authenticates the client at a token endpoint (RFC 7523), with a private key. Settings: KIP-1139,
// KIP-1258.
import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { isJsonObject, type JsonObject, parseJson } from '../record/json-object.ts'
import { tokenUnavailable } from './bearer-token.ts'

export interface AssertionOptions {
  readonly algorithm: 'RS256' | 'ES256'
  readonly clientId: string | undefined
  /** The claim `iss`. Default: the template's, then the client id. */
  readonly issuer: string | undefined
  readonly subject: string | undefined
  /** The claim `aud`. Default: the template's, then the endpoint. */
  readonly audience: string | undefined
  readonly endpoint: string
  /** How long the assertion is valid from now on, seconds. */
  readonly lifetimeS: number
  /** How long before now the assertion is already valid, seconds. */
  readonly notBeforeS: number
  readonly hasId: boolean
  /** JSON with `header` and `payload`: further fields of both, such as `kid`. */
  readonly template: string | undefined
}

/** @throws TransportError if the key or the template can't be used; messages quote neither */
export function signAssertion(key: string, passphrase: string | undefined, options: AssertionOptions): string {
  const { algorithm, clientId, lifetimeS, notBeforeS, hasId, template } = options
  const privateKey = readKey(key, passphrase, algorithm)
  const { header, payload } = readTemplate(template)
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    ...payload,
    iat: now,
    exp: now + lifetimeS,
    nbf: now - notBeforeS,
    iss: options.issuer ?? payload.iss ?? clientId,
    sub: options.subject ?? payload.sub ?? clientId,
    aud: options.audience ?? payload.aud ?? options.endpoint,
    ...(hasId ? { jti: randomUUID() } : {}),
  }
  const unsigned = [{ ...header, alg: algorithm, typ: 'JWT' }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  // In JWS the two halves of an ECDSA signature are concatenated (RFC 7518, section 3.4), unlike Node's default.
  const signature = sign('sha256', Buffer.from(unsigned), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${unsigned}.${signature.toString('base64url')}`
}

function readKey(key: string, passphrase: string | undefined, algorithm: AssertionOptions['algorithm']): KeyObject {
  let privateKey: KeyObject
  try {
    // Environment variables and secrets often hold PEM with \n in place of line breaks.
    privateKey = createPrivateKey({
      key: key.replaceAll('\\n', '\n'),
      format: 'pem',
      ...(passphrase ? { passphrase } : {}),
    })
  } catch {
    throw unusable(
      'expected a private key as PEM, with its passphrase in sasl.oauthbearer.assertion.private.key.passphrase',
    )
  }
  const expected = algorithm === 'RS256' ? 'rsa' : 'ec'
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey
  if (type !== expected || (type === 'ec' && details?.namedCurve !== 'prime256v1'))
    throw unusable(
      `sasl.oauthbearer.assertion.algorithm is ${algorithm}: expected a key of ` +
        `${algorithm === 'RS256' ? 'RSA' : 'the curve P-256'}`,
    )
  return privateKey
}

function readTemplate(text: string | undefined): { readonly header: JsonObject; readonly payload: JsonObject } {
  if (text === undefined) return { header: {}, payload: {} }
  const parsed = parseJson(text)
  if (isJsonObject(parsed)) {
    const { header = {}, payload = {} } = parsed
    if (isJsonObject(header) && isJsonObject(payload)) return { header, payload }
  }
  throw unusable('expected JSON with the objects header and payload in sasl.oauthbearer.assertion.template.file')
}

function unusable(why: string) {
  return tokenUnavailable(`The assertion for the token endpoint can't be signed: ${why}`, false)
}
