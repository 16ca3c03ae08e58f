// Writes vectors.json: the results of the Java client for keys and values. Run it with Kafka's jars on the class path:
//   java -cp "$JARS/*" test/vectors/Vectors.java > test/vectors/vectors.json
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.AppInfoParser;

public class Vectors {
  static String b64(byte[] bytes) { return Base64.getEncoder().encodeToString(bytes); }

  public static void main(String[] args) {
    List<byte[]> keys = new ArrayList<>();
    for (String text : List.of("", "a", "ab", "abc", "abcd", "key-1", "lobby", "us7000abcd", "키", "日本語のキー", "émoji 🚀", "\u0000", " space "))
      keys.add(text.getBytes(StandardCharsets.UTF_8));
    Random random = new Random(42);
    for (int length : List.of(1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 255, 1024, 10_000)) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      keys.add(bytes);
    }
    int[] counts = {1, 3, 6, 12, 50};
    StringBuilder out = new StringBuilder("{\"kafka\":\"" + AppInfoParser.getVersion() + "\",\"counts\":" + Arrays.toString(counts) + ",\n\"partitions\":[\n");
    for (int i = 0; i < keys.size(); i++) {
      int[] chosen = Arrays.stream(counts).map(new PartitionOf(keys.get(i))::of).toArray();
      out.append("{\"key\":\"" + b64(keys.get(i)) + "\",\"chosen\":" + Arrays.toString(chosen) + "}" + (i + 1 < keys.size() ? "," : "") + "\n");
    }
    out.append("],\n\"serialized\":[\n");
    List<String> rows = new ArrayList<>();
    for (int value : new int[] {0, 1, -1, 42, Integer.MAX_VALUE, Integer.MIN_VALUE})
      rows.add(row("integer", String.valueOf(value), new IntegerSerializer().serialize("t", value)));
    for (long value : new long[] {0, 1, -1, 9007199254740993L, Long.MAX_VALUE, Long.MIN_VALUE})
      rows.add(row("long", String.valueOf(value), new LongSerializer().serialize("t", value)));
    for (double value : new double[] {0, -0.5, 1e300, Math.PI, Double.MIN_VALUE})
      rows.add(row("double", String.valueOf(value), new DoubleSerializer().serialize("t", value)));
    rows.add(row("uuid", "123E4567-E89B-12D3-A456-426614174000", new UUIDSerializer().serialize("t", UUID.fromString("123E4567-E89B-12D3-A456-426614174000"))));
    for (String text : List.of("", "hello", "키 🚀")) rows.add(row("string", text, new StringSerializer().serialize("t", text)));
    out.append(String.join(",\n", rows)).append("\n]}");
    System.out.println(out);
  }

  record PartitionOf(byte[] key) {
    int of(int count) { return BuiltInPartitioner.partitionForKey(key, count); }
  }

  static String row(String name, String value, byte[] bytes) {
    return "{\"serializer\":\"" + name + "\",\"value\":\"" + value + "\",\"bytes\":\"" + b64(bytes) + "\"}";
  }
}
