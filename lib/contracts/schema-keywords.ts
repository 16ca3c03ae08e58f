// Keywords whose implementation in Ajv does not fit: `multipleOf` refuses valid prices, `uniqueItems` is quadratic.
import type { Ajv2020, CodeKeywordDefinition, _ as code, KeywordCxt } from 'ajv/dist/2020.js'
import { areUnique } from './unique-items.ts'

/** The functions that standalone code calls by name; its module imports them from `unique-items.ts`. */
export const IMPORTS_OF_STANDALONE_CODE = "import { areUnique } from '../lib/contracts/unique-items.ts'\n"

/** @param _ Ajv's template tag for code */
export function replaceKeywords(ajv: Ajv2020, _: typeof code): void {
  const keywords: readonly CodeKeywordDefinition[] = [
    {
      keyword: 'multipleOf',
      type: 'number',
      schemaType: 'number',
      error: {
        message: 'must be a multiple',
        params: ({ schemaCode }) => _`{multipleOf: ${schemaCode}}`,
      },
      /**
       * No double is a hundredth: 19.99 / 0.01 is 1998.9999999999998. So the quotient may be off by as much as the
       * rounding of number, divisor and quotient makes it, which is less than 2^-51 of itself. Ajv's option
       * `multipleOfPrecision` allows the same difference for all quotients: too much for small ones, too little for
       * large ones.
       */
      code(cxt: KeywordCxt) {
        const quotient = cxt.gen.const('quotient', _`${cxt.data} / ${cxt.schema}`)
        const isNear = _`Math.abs(Math.round(${quotient}) - ${quotient}) <= Math.abs(${quotient}) * 2 ** -51`
        // The remainder by an integer is exact.
        cxt.fail(_`!(Number.isInteger(${cxt.schema}) ? ${cxt.data} % ${cxt.schema} === 0 : ${isNear})`)
      },
    },
    {
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      error: { message: 'must have unique items' },
      code(cxt: KeywordCxt) {
        if (!cxt.schema) return
        const unique = cxt.gen.scopeValue('func', { ref: areUnique, code: _`areUnique` })
        cxt.fail(_`!${unique}(${cxt.data})`)
      },
    },
  ]
  for (const definition of keywords) {
    ajv.removeKeyword(definition.keyword as string)
    ajv.addKeyword(definition)
  }
}
