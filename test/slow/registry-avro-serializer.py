# Encodes by Confluent's AvroSerializer: a line of JSON with schema and values in, a line with the bytes of each out.
# Tags stand for what JSON has not: {"$bytes": hex}, {"$decimal": text}, {"$union": [branch, value]} and others.
import datetime
import decimal
import json
import sys

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

TAGS = {
    "$bytes": bytes.fromhex,
    "$float": float,
    "$decimal": decimal.Decimal,
    "$date": datetime.date.fromisoformat,
    "$time": datetime.time.fromisoformat,
    "$datetime": datetime.datetime.fromisoformat,
    "$union": tuple,
}


def untagged(value):
    tag = next(iter(value), None) if len(value) == 1 else None
    return TAGS[tag](value[tag]) if tag in TAGS else value


registry = SchemaRegistryClient.new_client({"url": "mock://registry"})
context = SerializationContext("topic", MessageField.VALUE)


def encoded(serializer, value):
    try:
        return {"hex": serializer(value, context).hex()}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}


for line in sys.stdin:
    task = json.loads(line, object_hook=untagged)
    serializer = AvroSerializer(registry, task["schema"], conf={"subject.name.strategy.type": "TOPIC"})
    print(json.dumps([encoded(serializer, value) for value in task["values"]]), flush=True)
