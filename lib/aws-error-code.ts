// What went wrong in a request to an AWS service, as a word for messages and for comparing.
/**
 * The service's code in an error of an AWS SDK, or the operating system's (`ECONNREFUSED`). Not the message, which may
 * quote names.
 */
export function awsErrorCode(error: unknown): string {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown }
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code
  return typeof name === 'string' && name !== '' ? name : 'Error'
}
