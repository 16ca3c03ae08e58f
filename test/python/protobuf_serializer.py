"""Compiles .proto files by protoc and serializes values by confluent-kafka, for test/slow/registry-protobuf.test.ts."""
import base64
import json
import os
import sys

import grpc_tools
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc

folder = sys.argv[1]
with open(f"{folder}/jobs.json", encoding="utf-8") as file:
    jobs = json.load(file)

well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
names = [job["file"] for job in jobs]
code = protoc.main(
    ["protoc", f"-I{folder}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={folder}/set.bin", *names]
)
if code != 0:
    sys.exit(code)

descriptors = descriptor_pb2.FileDescriptorSet()
with open(f"{folder}/set.bin", "rb") as file:
    descriptors.ParseFromString(file.read())
pool = descriptor_pool.DescriptorPool()
serialized = {}
for descriptor in descriptors.file:
    pool.Add(descriptor)
    serialized[descriptor.name] = base64.b64encode(descriptor.SerializeToString()).decode()


def text_of(message):
    """With the messages of Any, whose bytes may have maps in any order."""
    return json.dumps(json_format.MessageToDict(message, descriptor_pool=pool), sort_keys=True)


client = SchemaRegistryClient.new_client({"url": "mock://"})
results = []
for job in jobs:
    if job["message"] is None:
        results.append({"descriptor": serialized[job["file"]]})
        continue
    message_type = message_factory.GetMessageClass(pool.FindMessageTypeByName(job["message"]))
    message = json_format.ParseDict(json.loads(job["value"]), message_type(), descriptor_pool=pool)
    serializer = ProtobufSerializer(message_type, client, {"use.deprecated.format": False})
    framed = serializer(message, SerializationContext(job["file"], MessageField.VALUE))
    ours = message_type.FromString(bytes.fromhex(job["payload"]))
    results.append(
        {
            "descriptor": serialized[job["file"]],
            "framed": framed.hex(),
            "isEqual": text_of(ours) == text_of(message),
        }
    )
with open(f"{folder}/results.json", "w", encoding="utf-8") as file:
    json.dump(results, file)
