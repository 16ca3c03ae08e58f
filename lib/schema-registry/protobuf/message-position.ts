// Finds the position of a message in its file, which Confluent and Glue write before the bytes.
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import type { SchemaEncoder } from '../schema-format.ts'
import { fullName } from './check-names.ts'

interface Nested {
  readonly name: string
  readonly nestedType: readonly Nested[]
}

/**
 * @returns undefined if the file does not have the message
 *
 * Confluent's path counts only messages that the text declares with `message` (`toMessageIndexes` of
 * ProtobufSchema.java): not map entries and groups, which are last (see `descriptorsOf`). Glue's index counts these
 * too: MessageIndexFinder.java of github.com/awslabs/aws-glue-schema-registry sorts all by full name.
 */
export function messagePosition(
  file: Pick<FileDescriptorProto, 'package' | 'messageType'>,
  message: string,
): SchemaEncoder['message'] {
  const names: string[] = []
  let path: readonly number[] | undefined
  const visit = (types: readonly Nested[], scope: string, outer: readonly number[]): void => {
    for (const [index, { name, nestedType }] of types.entries()) {
      const full = fullName(scope, name)
      names.push(full)
      if (full === message) path = [...outer, index]
      visit(nestedType, full, [...outer, index])
    }
  }
  visit(file.messageType, file.package, [])
  return path && { path, index: names.sort().indexOf(message) }
}
