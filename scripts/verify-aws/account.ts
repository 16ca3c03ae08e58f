// The account on which a deployment is verified, as a port: the checks see only this.
import type { Stack } from '../deployment/remove.ts'

interface HttpAnswer {
  readonly status: number
  readonly body: string
}

export interface Account {
  /** The account of the credentials. */
  accountId(): Promise<string>
  /** Undefined: there is no stack of this stage. */
  findStack(): Promise<Stack | undefined>
  deploy(): Promise<void>
  remove(): Promise<void>
  /** A request with the caller's signature. */
  request(method: 'GET' | 'POST', url: string, body?: string): Promise<HttpAnswer>
  /** @param groupId for a FIFO queue */
  sendMessage(queueUrl: string, body: string, groupId?: string): Promise<void>
  putEvent(source: string, detailType: string, detail: string): Promise<void>
  /** Messages that are visible, in flight or delayed. */
  queueDepth(queueUrl: string): Promise<number>
  objectCount(bucket: string): Promise<number>
  invoke(functionName: string, payload: unknown): Promise<unknown>
  /** Invokes without waiting for the answer. */
  invokeLater(functionName: string, payload: unknown): Promise<void>
  /** Whether a line of the function's log that is not older than `since` contains the text. */
  logHas(functionName: string, text: string, since: number): Promise<boolean>
  /** Sets variables of the function's environment. @returns the environment before */
  setEnvironment(functionName: string, change: Readonly<Record<string, string>>): Promise<Record<string, string>>
  pause(ms: number): Promise<void>
}
