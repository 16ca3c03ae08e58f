// What is used of two codecs that have no types of their own.
declare module 'lz4js' {
  const lz4: {
    compressBound(length: number): number
    makeBuffer(length: number): Uint8Array
    compressBlock(source: Uint8Array, target: Uint8Array, start: number, length: number, hashTable: Uint32Array): number
  }
  export default lz4
}

declare module 'snappyjs' {
  const snappy: { compress(bytes: Uint8Array): Uint8Array }
  export default snappy
}
