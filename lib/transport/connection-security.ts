// What a new connection needs beyond host and port. The driver's caller provides it.
import type { Deadline } from '../time/deadline.ts'

/** PEM texts, as Node's TLS takes them. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

export type SaslCredentials = {
  /** The value of sasl.mechanism, for messages. */
  readonly name: string
  /** What to check when the broker refuses it, for messages. */
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
      /** Sent beside the token (RFC 7628, section 3.1). */
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
   * @throws TransportError when a secret or a token is not available
   */
  forConnection(deadline: Deadline): Promise<ConnectionSecurity>
  /** Called after the broker refused the credentials: reads them again. False if they are the same: don't try again. */
  renew(deadline: Deadline): Promise<boolean>
}

export const PLAINTEXT: SecurityProvider = {
  forConnection: async () => ({ tls: undefined, credentials: undefined }),
  renew: async () => false,
}
