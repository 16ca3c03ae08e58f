"""Consumes a topic from its start with the code of docs/consuming.md.

Usage: consume_once.py <servers> <topic> <database file> <a value whose work fails the first time>
Prints one line per record: "handled", "duplicate" or "failed", and its value; then "payments" and their values.
"""

import os
import sqlite3
import sys

from confluent_kafka import Consumer, TopicPartition
from handled_records import once

servers, topic, file, failing_value = sys.argv[1:]
failing = {failing_value}


def handle(database, message):
    def work(transaction):
        transaction.execute("insert into payments (text) values (?)", (message.value().decode(),))
        if message.value().decode() in failing:
            failing.clear()
            raise RuntimeError("after the work, before the commit")

    print("handled" if once(database, message, work) else "duplicate", message.value().decode())


database = sqlite3.connect(file)
database.execute(f"create table if not exists {os.environ['HANDLED_TABLE']}")
database.execute("create table if not exists payments (text varchar(1000))")
consumer = Consumer({"bootstrap.servers": servers, "group.id": "consume-once", "enable.auto.commit": False})
partitions = list(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
ends = {partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)[1] for partition in partitions}
consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
left = sum(ends.values())
while left > 0:
    message = consumer.poll(1)
    if message is None:
        continue
    if message.error():
        raise RuntimeError(message.error())
    left -= 1
    try:
        handle(database, message)
    except RuntimeError:
        print("failed", message.value().decode())
        handle(database, message)  # as a consumer does that reads the record again
consumer.close()
for (text,) in database.execute("select text from payments order by text"):
    print("payments", text)
