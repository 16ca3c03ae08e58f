// The port of the AWS account on which a deployment is verified. The checks only use this interface.
import type { Stack } from '../deployment/remove.ts'

interface HttpAnswer {
  readonly status: number
  readonly body: string
}

export interface Account {
  /** Returns the account of the credentials. */
  accountId(): Promise<string>
  /** Returns undefined if the stage has no stack. */
  findStack(): Promise<Stack | undefined>
  deploy(): Promise<void>
  remove(): Promise<void>
  /** Sends a request with the caller's signature. */
  request(method: 'GET' | 'POST', url: string, body?: string): Promise<HttpAnswer>
  /**
   * Sends a message.
   * @param groupId for a FIFO queue
   */
  sendMessage(queueUrl: string, body: string, groupId?: string): Promise<void>
  putEvent(source: string, detailType: string, detail: string): Promise<void>
  /** Returns the number of messages that are visible, in flight or delayed. */
  queueDepth(queueUrl: string): Promise<number>
  objectCount(bucket: string): Promise<number>
  invoke(functionName: string, payload: unknown): Promise<unknown>
  /** Invokes a function without waiting for the answer. */
  invokeLater(functionName: string, payload: unknown): Promise<void>
  /** Returns whether the function's log has a line with the text that is not older than `since`. */
  logHas(functionName: string, text: string, since: number): Promise<boolean>
  /**
   * Sets variables of the function's environment.
   * @returns the previous environment
   */
  setEnvironment(functionName: string, change: Readonly<Record<string, string>>): Promise<Record<string, string>>
  pause(ms: number): Promise<void>
}
