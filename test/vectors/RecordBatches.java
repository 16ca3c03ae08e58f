// Writes record-batches.json: record batches of the Java client, by codec. Run it with Kafka's jars on the class path:
//   java -cp "$JARS/*" test/vectors/RecordBatches.java > test/vectors/record-batches.json
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.utils.AppInfoParser;

public class RecordBatches {
  static byte[] utf8(String text) { return text.getBytes(StandardCharsets.UTF_8); }

  public static void main(String[] args) {
    // Several blocks of every codec that has blocks.
    StringBuilder large = new StringBuilder();
    for (int i = 0; large.length() < 200_000; i++) large.append("line ").append(i % 100).append('\n');
    SimpleRecord[] records = {
      new SimpleRecord(1000, (byte[]) null, (byte[]) null),
      new SimpleRecord(1005, utf8("key"), utf8("value"), new Header[] {
        new RecordHeader("b", null), new RecordHeader("1", utf8("x")), new RecordHeader("b", utf8("키"))}),
      new SimpleRecord(990, utf8(""), utf8("")),
      new SimpleRecord(4_000_000_000_000L, utf8("large"), utf8(large.toString())),
    };
    List<String> rows = new ArrayList<>();
    for (CompressionType type : CompressionType.values()) {
      MemoryRecords batch = MemoryRecords.withIdempotentRecords(
        RecordBatch.MAGIC_VALUE_V2, 70, Compression.of(type).build(), 4000, (short) 3, Integer.MAX_VALUE - 1, 9, records);
      ByteBuffer buffer = batch.buffer();
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      if (type != CompressionType.NONE) rows.add("\"" + type.name + "\":\"" + Base64.getEncoder().encodeToString(bytes) + "\"");
    }
    System.out.println("{\"kafka\":\"" + AppInfoParser.getVersion() + "\",\n" + String.join(",\n", rows) + "}");
  }
}
