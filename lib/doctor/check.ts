// One line of the doctor: what was looked at, how it is, and what to do about it.
export interface Check {
  readonly name: string
  /** `skipped`: it does not apply here, or what it needs failed before. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly detail: string
  /** What to do; only where something is wrong. */
  readonly advice?: string
}

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail })
export const skipped = (name: string, detail: string): Check => ({ name, status: 'skipped', detail })
export const failed = (name: string, detail: string, advice: string): Check => ({
  name,
  status: 'failed',
  detail,
  advice,
})
export const warning = (name: string, detail: string, advice: string): Check => ({
  name,
  status: 'warning',
  detail,
  advice,
})
