import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** @param key the partition key, a text */
export async function createTable(client: DynamoDBClient, table: string, key = 'deadLetterId'): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
}
