# Reads a topic by Confluent's deserializers: the arguments are the brokers, the registry, the topic, how many records,
# the format of its values, and of Protobuf the folder and file of its messages. Prints a line of JSON per record.
import importlib
import json
import sys
import tempfile

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, url, topic, count, form, *proto = sys.argv[1:]
registry = SchemaRegistryClient({"url": url})
# Not by associations of the registry, which only Confluent's has.
CONF = {"subject.name.strategy.type": "TOPIC"}


def message_class(folder, file, name):
    from google.protobuf import message_factory
    from grpc_tools import protoc

    generated = tempfile.mkdtemp()
    well_known = str(importlib.resources.files("grpc_tools") / "_proto")
    assert protoc.main(["protoc", f"-I{folder}", f"-I{well_known}", f"--python_out={generated}", *files(folder)]) == 0
    sys.path.insert(0, generated)
    module = importlib.import_module(file.replace(".proto", "_pb2"))
    return message_factory.GetMessageClass(module.DESCRIPTOR.message_types_by_name[name])


def files(folder):
    import os

    return [os.path.join(folder, name) for name in os.listdir(folder)]


# JSON's readers round numbers beyond 2^53.
def exact(value):
    if isinstance(value, dict):
        return {name: exact(part) for name, part in value.items()}
    if isinstance(value, list):
        return [exact(part) for part in value]
    return {"$n": str(value)} if type(value) is int else value


def deserializer():
    if form == "avro":
        return AvroDeserializer(registry, conf=CONF)
    if form == "json-schema":
        return JSONDeserializer(None, schema_registry_client=registry, conf=CONF)
    messages = ProtobufDeserializer(message_class(*proto), {"use.deprecated.format": False, **CONF}, registry)

    def as_json(data, context):
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(messages(data, context))

    return as_json


of_value = deserializer()
of_key = AvroDeserializer(registry, conf=CONF)
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "read-back", "enable.auto.commit": False})
partitions = consumer.list_topics(topic, 10).topics[topic].partitions
consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
for _ in range(int(count)):
    record = consumer.poll(20)
    assert record is not None and record.error() is None, record and record.error()
    field = lambda of: SerializationContext(topic, of, record.headers())
    key = record.key() if form != "avro" else of_key(record.key(), field(MessageField.KEY))
    value = of_value(record.value(), field(MessageField.VALUE))
    print(json.dumps({"key": exact(key) if form == "avro" else None, "value": exact(value)}, default=str))
consumer.close()
