// What a new connection needs in addition to host and port: TLS material and credentials. The user of the driver
// provides them.
import type { Deadline } from '../time/deadline.ts'

/** PEM texts, in the form that Node's TLS accepts. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

export type SaslCredentials = {
  /** The value of sasl.mechanism, for messages. */
  readonly name: string
  /** What to check if the broker refuses it, for messages. */
  readonly hint: string
} & (
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  | {
      readonly mechanism: 'OAUTHBEARER'
      readonly token: string
      /** Sent together with the token (RFC 7628, section 3.1). */
      readonly extensions?: Readonly<Record<string, string>>
    }
)

export interface ConnectionSecurity {
  /** Undefined: no TLS. */
  readonly tls: TlsMaterial | undefined
  readonly credentials: SaslCredentials | undefined
}

export interface SecurityProvider {
  /**
   * Returns the TLS material and credentials for a connection attempt that begins now.
   * @throws TransportError if a secret or a token is not available
   */
  forConnection(deadline: Deadline): Promise<ConnectionSecurity>
  /**
   * Reads the credentials again, after the broker refused them. Resolves with false if they are the same, so that
   * another attempt is useless.
   */
  renew(deadline: Deadline): Promise<boolean>
}

export const PLAINTEXT: SecurityProvider = {
  forConnection: async () => ({ tls: undefined, credentials: undefined }),
  renew: async () => false,
}
