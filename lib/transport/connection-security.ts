// What a new connection needs beyond host and port. Who gives it is the driver's caller; the driver only uses it.
import type { Deadline } from '../time/deadline.ts'

/** PEM texts. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

export type SaslAuthentication = {
  /** The setting's value, for messages. */
  readonly name: string
  /** What to look at when the broker refuses it. */
  readonly hint: string
} & (
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: string }
)

export interface ConnectionSecurity {
  /** Undefined: no TLS. */
  readonly tls: TlsMaterial | undefined
  readonly authentication: SaslAuthentication | undefined
}

export interface SecurityProvider {
  /**
   * For a connection attempt that begins now.
   * @throws TransportError when a secret or a token can't be had
   */
  forConnection(deadline: Deadline): Promise<ConnectionSecurity>
  /** After a refusal: what may have changed is read anew. False when nothing did, so that trying again is of no use. */
  renew(deadline: Deadline): Promise<boolean>
}

export const PLAINTEXT: SecurityProvider = {
  forConnection: async () => ({ tls: undefined, authentication: undefined }),
  renew: async () => false,
}
