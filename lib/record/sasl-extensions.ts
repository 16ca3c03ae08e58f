// The SASL extensions of OAUTHBEARER: names and values that a client sends to the broker together with its token.
// Confluent Cloud needs logicalCluster and identityPoolId. Source: RFC 7628, section 3.1.

export type SaslExtensions = Readonly<Record<string, string>>

const NAME = /^[A-Za-z]+$/
const VALUE = /^[\x21-\x7E \t\r\n]+$/

/** @returns the extensions of `name=value,…`, undefined if the text is not such a list */
export function parseSaslExtensions(text: string): SaslExtensions | undefined {
  const entries = text.split(',').map((part): [string, string] => {
    const [name = '', ...value] = part.split('=')
    return [name.trim(), value.join('=').trim()]
  })
  return readSaslExtensions(Object.fromEntries(entries))
}

/** @returns undefined for anything but an object of names and values that RFC 7628 allows */
export function readSaslExtensions(value: unknown): SaslExtensions | undefined {
  // A Map would look empty to Object.entries, and none of its extensions would be sent.
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) return undefined
  const entries = Object.entries(value)
  const isRight = ([name, text]: [string, unknown]) =>
    NAME.test(name) && name.toLowerCase() !== 'auth' && typeof text === 'string' && VALUE.test(text)
  return entries.every(isRight) ? (Object.fromEntries(entries) as SaslExtensions) : undefined
}
