// AWS's Java deserializer and serializer for the Glue Schema Registry.
//   <endpoint> <registry>: reads frames from standard input, one a line: data format, compression, the frame as base64.
//   Prints a line for each: what was read, as base64 of its text, and the frame that the serializer makes of it.
import com.amazonaws.services.schemaregistry.deserializers.GlueSchemaRegistryKafkaDeserializer;
import com.amazonaws.services.schemaregistry.serializers.GlueSchemaRegistryKafkaSerializer;
import com.amazonaws.services.schemaregistry.serializers.json.JsonDataWithSchema;
import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;

public class GlueFrames {
  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null; ) {
      String[] parts = line.split(" ");
      Map<String, Object> config = Map.of(
          "endpoint", args[0], "region", "us-east-1", "registry.name", args[1], "dataFormat", parts[0],
          "compression", parts[1].toUpperCase(),
          "avroRecordType", "GENERIC_RECORD", "protobufMessageType", "DYNAMIC_MESSAGE");
      byte[] frame = Base64.getDecoder().decode(parts[2]);
      ByteBuffer id = ByteBuffer.wrap(frame, 2, 16);
      UUID versionId = new UUID(id.getLong(), id.getLong());
      DefaultCredentialsProvider credentials = DefaultCredentialsProvider.create();
      Object value = new GlueSchemaRegistryKafkaDeserializer(credentials, config).deserialize("topic", frame);
      byte[] again = new GlueSchemaRegistryKafkaSerializer(credentials, versionId, config).serialize("topic", value);
      String text = value instanceof JsonDataWithSchema json ? json.getPayload() : value.toString();
      System.out.println(base64(text.getBytes(StandardCharsets.UTF_8)) + " " + base64(again));
    }
  }

  static String base64(byte[] bytes) { return Base64.getEncoder().encodeToString(bytes); }
}
