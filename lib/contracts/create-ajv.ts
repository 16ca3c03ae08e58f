// Creates Ajv instances that bound the time which a hostile value can cost.
import type { Ajv2020, Options } from 'ajv/dist/2020.js'
import { ifMissing } from '../optional-packages.ts'
import { importCommonJs } from '../record/import-common-js.ts'
import { refuseEndlessReferences } from './endless-references.ts'
import { refuseInheritedReferences } from './inherited-references.ts'
import { replaceKeywords } from './schema-keywords.ts'

export type SchemaDialect = '2020-12' | 'draft-07'

/**
 * Replaces the format `url` of ajv-formats, whose pattern for the user name takes quadratic time. Here the name ends at
 * the first @ or slash, as in RFC 3986.
 */
const URL_FORMAT = new RegExp(
  '^(?:https?|ftp)://(?:[^\\s@/]+@)?' +
    // A public IPv4 address, or a host name with a domain.
    '(?:(?!(?:10|127)(?:\\.\\d{1,3}){3})(?!(?:169\\.254|192\\.168)(?:\\.\\d{1,3}){2})' +
    '(?!172\\.(?:1[6-9]|2\\d|3[0-1])(?:\\.\\d{1,3}){2})(?:[1-9]\\d?|1\\d\\d|2[01]\\d|22[0-3])' +
    '(?:\\.(?:1?\\d{1,2}|2[0-4]\\d|25[0-5])){2}(?:\\.(?:[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-4]))|' +
    '(?:(?:[a-z0-9\\u{a1}-\\u{ffff}]+-)*[a-z0-9\\u{a1}-\\u{ffff}]+)' +
    '(?:\\.(?:[a-z0-9\\u{a1}-\\u{ffff}]+-)*[a-z0-9\\u{a1}-\\u{ffff}]+)*(?:\\.[a-z\\u{a1}-\\u{ffff}]{2,}))' +
    '(?::\\d{2,5})?(?:/\\S*)?$',
  'iu',
)

/**
 * @param allErrors true finds every violation of a value, false only the first
 * @param others override the options for contracts' schemas
 */
export type CreateAjv = (allErrors: boolean, others?: Options) => Ajv2020

export async function createAjv(allErrors: boolean, dialect: SchemaDialect = '2020-12'): Promise<Ajv2020> {
  return (await loadAjv(dialect))(allErrors)
}

/** Needs the packages ajv and ajv-formats. */
export async function loadAjv(dialect: SchemaDialect): Promise<CreateAjv> {
  const { Ajv, _ } = dialect === '2020-12' ? await import2020() : await importDraft07()
  const { resolveRef } = await importCommonJs(import('ajv/dist/compile/index.js').catch(ifMissing('contracts')))
  const { default: addFormats } = await import('ajv-formats').catch(ifMissing('contracts'))
  const add = addFormats as unknown as (ajv: Ajv2020) => void
  return (allErrors, others) => {
    // Strict mode would refuse common schemas, such as one with a union type. Without `ownProperties`, a name that
    // every object inherits, such as `constructor`, counts as present.
    const options = {
      strict: 'log',
      allErrors,
      messages: false,
      logger: false,
      passContext: true,
      ownProperties: true,
    } as const
    // Draft-07, section 8.3: what stands beside a $ref is ignored.
    const ajv = new Ajv({
      ...options,
      ignoreKeywordsWithRef: dialect === 'draft-07',
      code: { source: true, esm: true },
      ...others,
    })
    add(ajv)
    ajv.addFormat('url', URL_FORMAT)
    replaceKeywords(ajv, _, resolveRef)
    refuseEndlessReferences(ajv, resolveRef)
    refuseInheritedReferences(ajv, resolveRef)
    return ajv
  }
}

async function import2020() {
  const { Ajv2020: Ajv, _ } = await importCommonJs(import('ajv/dist/2020.js').catch(ifMissing('contracts')))
  return { Ajv, _ }
}

async function importDraft07() {
  const { Ajv, _ } = await importCommonJs(import('ajv').catch(ifMissing('contracts')))
  return { Ajv: Ajv as unknown as typeof Ajv2020, _ }
}
