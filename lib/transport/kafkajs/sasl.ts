// Creates SASL credentials in the form that kafkajs expects. Each call returns a new object, because kafkajs stores its
// authenticator in it.
import Encoder from 'kafkajs/src/protocol/encoder.js'
import type { SaslCredentials } from '../connection-security.ts'
import { authenticationFailed } from './connection-error.ts'

interface SaslStep {
  readonly request: { encode: () => Promise<Buffer> }
  readonly response: { decode: (raw: Buffer) => Promise<Buffer>; parse: (answer: Buffer) => Promise<void> }
}

export function toSasl(credentials: SaslCredentials): object {
  if (credentials.mechanism !== 'OAUTHBEARER')
    return { mechanism: credentials.mechanism, username: credentials.username, password: credentials.password }
  return {
    mechanism: credentials.mechanism,
    authenticationProvider: ({ saslAuthenticate }: { saslAuthenticate: (step: SaslStep) => Promise<void> }) => ({
      authenticate: () => saslAuthenticate(bearer(credentials)),
    }),
  }
}

/**
 * SASL OAUTHBEARER (RFC 7628). A broker may refuse with an error document in an answer without an error code, which
 * kafkajs would take for success. So an answer that is not empty counts as a refusal.
 */
function bearer(credentials: SaslCredentials & { mechanism: 'OAUTHBEARER' }): SaslStep {
  const fields = Object.entries({ auth: `Bearer ${credentials.token}`, ...credentials.extensions })
  const message = `n,,\u0001${fields.map(([name, value]) => `${name}=${value}\u0001`).join('')}\u0001`
  return {
    request: { encode: async () => new Encoder().writeBytes(Buffer.from(message)).buffer },
    response: {
      // The answer follows four bytes with its length.
      decode: async raw => raw.subarray(4),
      parse: async answer => {
        if (answer.length > 0) throw authenticationFailed(credentials)
      },
    },
  }
}
