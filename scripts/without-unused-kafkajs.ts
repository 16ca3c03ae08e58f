// Leaves out the parts of kafkajs that would only slow down a start.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Plugin } from 'esbuild'

/** UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE, UNSUPPORTED_VERSION, SASL_AUTHENTICATION_FAILED. */
const AUTHENTICATION_CODES: ReadonlySet<number> = new Set([33, 34, 35, 58])

/** The errors of kafkajs that the remaining modules use, and their base class. */
export const ERRORS_OF_KAFKAJS: ReadonlySet<string> = new Set([
  'KafkaJSError',
  'KafkaJSNonRetriableError',
  'KafkaJSProtocolError',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSInvariantViolation',
  'KafkaJSSASLAuthenticationError',
  'KafkaJSInvalidVarIntError',
  'KafkaJSInvalidLongError',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSNotImplemented',
])

/** Methods of the encoder and decoder of kafkajs for records and for flexible versions. */
export const OF_OTHER_REQUESTS = /VarInt|VarLong|ZigZag|Double|TaggedFields/

/**
 * The authentication of kafkajs looks up its two requests in a list of all; this project never sends the others. Of the
 * error codes, a broker answers these two with only a few, and any other code is reported by its number. Of its
 * package.json, kafkajs uses the version.
 */
export const WITHOUT_UNUSED_KAFKAJS: Plugin = {
  name: 'without unused parts of kafkajs',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]kafkajs[\\/]src[\\/]protocol[\\/]requests[\\/]index\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^ {2}(?!Sasl)\w+: (require\(.*\)|noImplemented\w+),\n/gm, ''),
    }))
    onLoad({ filter: /[\\/]kafkajs[\\/]src[\\/]errors\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /^class (\w+) extends \w+ \{(?:[\s\S]*?^)?\}\n|^ {2}(KafkaJS\w+),\n/gm,
        (part, declared, exported) => (ERRORS_OF_KAFKAJS.has(declared ?? exported) ? part : ''),
      ),
    }))
    onLoad({ filter: /[\\/]kafkajs[\\/]src[\\/]protocol[\\/]error\.js$/ }, ({ path }) => {
      const { errorCodes } = createRequire(import.meta.url)(path) as { errorCodes: { code: number }[] }
      const list = JSON.stringify(errorCodes.filter(({ code }) => AUTHENTICATION_CODES.has(code)))
      return { contents: readFileSync(path, 'utf8').replace(/\[\n {2}\{[\s\S]*?\n\]/, list) }
    })
    onLoad({ filter: /[\\/]kafkajs[\\/]src[\\/]protocol[\\/](en|de)coder\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /^ {2}(?:static )?(\w+)\([^)]*\) \{[\s\S]*?^ {2}\}\n/gm,
        (method, name) => (OF_OTHER_REQUESTS.test(name) ? '' : method),
      ),
    }))
    onLoad({ filter: /[\\/]kafkajs[\\/]package\.json$/ }, ({ path }) => {
      const { version, bugs } = JSON.parse(readFileSync(path, 'utf8'))
      return { contents: JSON.stringify({ version, bugs }), loader: 'json' }
    })
  },
}
