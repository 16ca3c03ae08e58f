// Converts decimal numbers exactly, never through a double.

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/**
 * @param text a number as JSON writes it
 * @returns the number times 10^scale; undefined if that is not a whole number or has too many digits, and for any other
 * text
 */
export function unscaledValue(text: string, scale: number, maxDigits: number): bigint | undefined {
  const match = NUMBER.exec(text)
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const digits = withoutLeadingZeros(whole + fraction)
  if (digits === '') return 0n
  const zeros = scale + Number(exponent) - fraction.length
  const length = digits.length + zeros
  if (length <= 0 || length > maxDigits) return undefined
  if (zeros >= 0) return BigInt(`${sign}${digits}${'0'.repeat(zeros)}`)
  return isZeros(digits, length) ? BigInt(`${sign}${digits.slice(0, length)}`) : undefined
}

/** Big-endian two's complement. @param size bytes; undefined for as few as the value needs */
export function twosComplement(value: bigint, size = bytesNeeded(value)): Uint8Array {
  const hex = BigInt.asUintN(size * 8, value).toString(16)
  return Buffer.from(hex.padStart(size * 2, '0'), 'hex')
}

function bytesNeeded(value: bigint): number {
  const hex = (value < 0n ? ~value : value).toString(16)
  const bits = (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)))
  return Math.floor(bits / 8) + 1
}

function withoutLeadingZeros(digits: string): string {
  let at = 0
  while (digits.charCodeAt(at) === 0x30) at++
  return digits.slice(at)
}

function isZeros(digits: string, from: number): boolean {
  for (let at = from; at < digits.length; at++) if (digits.charCodeAt(at) !== 0x30) return false
  return true
}
