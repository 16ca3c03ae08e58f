// Converts error responses of a registry to errors. The registry's own message is not repeated, because it may quote
// the schema or an address.

import type { DeliveryFailureCode } from '../../errors.ts'
import { SerializationError } from '../../errors.ts'
import { readErrorCode } from './registry-answers.ts'
import type { HttpAnswer } from './registry-connections.ts'

const REGISTRY = 'The schema registry (schema.registry.url)'
const TEMPORARY: readonly number[] = [408, 425, 429]
/** The registry's error code in the modes READONLY, READONLY_OVERRIDE and IMPORT. */
const NOT_PERMITTED = 42205
const INVALID_VERSION = 42202
/** The registry's error codes for a missing subject, version or schema, and for a soft-deleted subject or version. */
const NOT_FOUND: readonly unknown[] = [40401, 40402, 40403, 40404, 40406]

/** What was requested, for messages. */
export interface Asked {
  /** E.g. `version 3 of subject orders-value`. */
  readonly what: string
  readonly isRegistering: boolean
  /** What to check if the credentials are refused. */
  readonly hint: string
}

/** @returns undefined for a success */
export function refusalOf({ status, text }: HttpAnswer, { what, isRegistering, hint }: Asked) {
  if (status >= 200 && status < 300) return undefined
  const code = readErrorCode(text)
  const answered = `answered ${status}${code === undefined || code === status ? '' : ` (error_code ${code})`}`
  const causeCode = String(code ?? `HTTP_${status}`)
  const refused = (failure: DeliveryFailureCode, message: string, retriable = false) =>
    new SerializationError('delivery-failure', message, { code: failure, retriable, causeCode })
  if (status >= 500 || TEMPORARY.includes(status)) return refused('schema-registry', `${REGISTRY} ${answered}.`, true)
  if (status === 401)
    return refused('schema-registry-access', `${REGISTRY} ${answered}: it refused the credentials; check ${hint}.`)
  if (status === 403) {
    const right = isRegistering ? 'register schemas under it' : 'read it'
    const advice = `expected the right to ${right}; check ${hint}`
    return refused('schema-registry-access', `${REGISTRY} ${answered} for ${what}: ${advice}.`)
  }
  if (code === NOT_PERMITTED)
    return refused(
      'schema-registry-access',
      `${REGISTRY} ${answered} for ${what}: expected it in mode READWRITE, or the schema to be registered already.`,
    )
  if (NOT_FOUND.includes(code) || code === INVALID_VERSION) {
    const advice = 'expected it to be registered, or auto.register.schemas=true with your own schema'
    return refused('schema-not-found', `${REGISTRY} ${answered}: it does not have ${what}; ${advice}.`)
  }
  if (status === 409) {
    const advice = 'it is not compatible with the subject’s earlier versions; check the subject’s compatibility'
    return refused('schema-incompatible', `${REGISTRY} ${answered} for ${what}: ${advice}.`)
  }
  if (status === 422)
    return refused('schema-unusable', `${REGISTRY} ${answered} for ${what}: it refuses the schema as invalid.`)
  return refused('schema-registry', `${REGISTRY} ${answered} for ${what}: ${adviceFor(status)}.`)
}

function adviceFor(status: number): string {
  if (status >= 300 && status < 400) return 'redirects are not followed; set the address itself'
  if (status === 404) return 'expected the API of a Confluent Schema Registry there; check the path of the address'
  return 'expected an answer of a Confluent Schema Registry; check the address'
}

/** Creates the error for a missing or incomplete response. */
export function noAnswer(cause: unknown): SerializationError {
  const { code = 'no answer' } = cause as NodeJS.ErrnoException
  const isTls = /CERT|SSL|SIGNATURE|ISSUER|TLS/.test(code)
  const advice = isTls ? ': check schema.registry.ssl.truststore.certificates and …keystore' : ''
  return new SerializationError('delivery-failure', `${REGISTRY} could not be reached (${code})${advice}.`, {
    code: 'schema-registry',
    retriable: !isTls,
    causeCode: code,
    cause,
  })
}

/** @param fault `expected …` */
export function badAnswer(what: string, fault: string): SerializationError {
  return new SerializationError(
    'delivery-failure',
    `${REGISTRY} returned an invalid response for ${what}: ${fault}, got something else.`,
    { code: 'schema-registry', retriable: false, causeCode: 'BAD_ANSWER' },
  )
}
