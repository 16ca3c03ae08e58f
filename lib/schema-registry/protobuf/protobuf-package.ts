import { ifMissing } from '../../optional-packages.ts'

type Protobuf = typeof import('@bufbuild/protobuf')
type WellKnownTypes = typeof import('@bufbuild/protobuf/wkt')

export interface ProtobufPackage {
  readonly protobuf: Protobuf
  readonly wkt: WellKnownTypes
}

/** @throws ConfigError, by rejection, if the package is not installed */
export async function loadProtobuf(): Promise<ProtobufPackage> {
  const protobuf = await import('@bufbuild/protobuf').catch(ifMissing('protobuf'))
  const wkt = await import('@bufbuild/protobuf/wkt').catch(ifMissing('protobuf'))
  return { protobuf, wkt }
}
