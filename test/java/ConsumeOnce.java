// Consumes a topic from its start with the code of docs/consuming.md.
//   <servers> <topic> <JDBC URL> <a value whose work fails the first time>
// Prints one line per record: "handled", "duplicate" or "failed", and its value; then "payments" and their values.
import java.sql.*;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

public class ConsumeOnce {
  public static void main(String[] args) throws Exception {
    String topic = args[1];
    Set<String> failing = new HashSet<>(Set.of(args[3]));
    Map<String, Object> config = Map.of("bootstrap.servers", args[0], "enable.auto.commit", "false");
    StringDeserializer text = new StringDeserializer();
    try (Connection database = DriverManager.getConnection(args[2]);
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, text, text)) {
      try (Statement statement = database.createStatement()) {
        statement.execute("create table if not exists " + System.getenv("HANDLED_TABLE"));
        statement.execute("create table if not exists payments (text varchar(1000))");
      }
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long left = consumer.endOffsets(partitions).values().stream().mapToLong(end -> end).sum();
      while (left > 0)
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
          left--;
          try {
            System.out.println((handle(database, record, failing) ? "handled " : "duplicate ") + record.value());
          } catch (IllegalStateException error) {
            System.out.println("failed " + record.value());
            // As a consumer does that reads the record again.
            System.out.println((handle(database, record, failing) ? "handled " : "duplicate ") + record.value());
          }
        }
      try (Statement statement = database.createStatement(); ResultSet rows = statement.executeQuery("select text from payments order by text")) {
        while (rows.next()) System.out.println("payments " + rows.getString(1));
      }
    }
  }

  static boolean handle(Connection database, ConsumerRecord<String, String> record, Set<String> failing) throws Exception {
    return HandledRecords.once(database, record, transaction -> {
      try (PreparedStatement insert = transaction.prepareStatement("insert into payments (text) values (?)")) {
        insert.setString(1, record.value());
        insert.executeUpdate();
      }
      if (failing.remove(record.value())) throw new IllegalStateException("after the work, before the commit");
    });
  }
}
