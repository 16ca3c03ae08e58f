// The connection quotas of Amazon MSK with IAM, per broker, as of 2026-11-26. Operators can raise the number of
// connections with listener.name.client_iam.max.connections; the rate is fixed. Source:
// docs.aws.amazon.com/msk/latest/developerguide/limits.html

export interface MskQuota {
  /** Connections open at the same time. */
  readonly connections: number
  /** New connections per second. MSK refuses more with "Too many connects". */
  readonly perSecond: number
}

const T3_SMALL: MskQuota = { connections: 300, perSecond: 4 }
const M_CLASS: MskQuota = { connections: 3000, perSecond: 100 }

const M_TYPE = /^(?:kafka|express)\.m\d+[a-z]*\.\d*x?large$/

/** @param instance e.g. kafka.t3.small, kafka.m7g.large; undefined is returned for a type that MSK does not have */
export function mskQuotaOf(instance: string): MskQuota | undefined {
  if (instance === 'kafka.t3.small') return T3_SMALL
  return M_TYPE.test(instance) ? M_CLASS : undefined
}
