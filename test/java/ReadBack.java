// The Java consumer and producer of the compression tests.
//   read <servers> <topic> <count>: one line per record: partition, offset, key, value, headers; bytes as base64, "-" for null
//   ratio <servers> <topic> <codec>: sends the lines of standard input as values, prints the producer's compression-rate-avg
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

public class ReadBack {
  static String b64(byte[] bytes) { return bytes == null ? "-" : "=" + Base64.getEncoder().encodeToString(bytes); }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("read")) read(args[1], args[2], Integer.parseInt(args[3]));
    else ratio(args[1], args[2], args[3]);
  }

  static void read(String servers, String topic, int count) {
    Map<String, Object> config = Map.of("bootstrap.servers", servers, "check.crcs", "true");
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      StringBuilder out = new StringBuilder();
      long end = System.currentTimeMillis() + 20_000;
      for (int seen = 0; seen < count && System.currentTimeMillis() < end; )
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          seen++;
          out.append(record.partition()).append(' ').append(record.offset()).append(' ').append(b64(record.key())).append(' ').append(b64(record.value()));
          for (Header header : record.headers()) out.append(' ').append(b64(header.key().getBytes(StandardCharsets.UTF_8))).append(' ').append(b64(header.value()));
          out.append('\n');
        }
      System.out.print(out);
    }
  }

  static void ratio(String servers, String topic, String codec) throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", servers, "compression.type", codec, "batch.size", 900_000, "linger.ms", 2000, "max.request.size", 1_048_576);
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line; (line = in.readLine()) != null; ) producer.send(new ProducerRecord<>(topic, line.getBytes(StandardCharsets.UTF_8)));
      producer.flush();
      producer.metrics().forEach((name, metric) -> {
        if (name.name().equals("compression-rate-avg") && name.group().equals("producer-metrics")) System.out.println(metric.metricValue());
      });
    }
  }
}
