export interface Chat {
  readonly room: string
  readonly user: string
  readonly text: string
}
