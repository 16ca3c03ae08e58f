// Loads the codec of `compression.type`, once per producer.
import type { ProducerConfig } from './config/settings.ts'
import { TransportError } from './errors.ts'
import { type Compression, loadCompression } from './wire-format/compress.ts'

export class CodecLoader {
  /** The load in progress. */
  loading: Promise<void> | undefined
  /** Why the codec can't be loaded. */
  error: TransportError | undefined

  get isLoaded(): boolean {
    return this.loading === undefined && this.error === undefined
  }

  constructor(type: ProducerConfig['compressionType'], onLoaded: (compression: Compression | undefined) => void) {
    if (type === 'none') return
    this.loading = loadCompression(type)
      .then(onLoaded, cause => {
        this.error = new TransportError('unavailable', `compression.type ${type}: its codec can't be loaded.`, {
          cause,
        })
      })
      .finally(() => {
        this.loading = undefined
      })
  }
}
