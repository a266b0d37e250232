// A contestant of slow I/O: Confluent Parallel Consumer, order by key, safe offsets. java -cp … Parallel CARD
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Parallel {
    public static void main(String[] arguments) throws IOException {
        JsonNode card = new ObjectMapper().readTree(new File(arguments[0]));
        int total = card.get("extra").get("total").asInt();
        Properties settings = new Properties();
        settings.put("bootstrap.servers", card.get("broker").asText());
        settings.put("group.id", card.get("group").asText());
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        var bytes = new ByteArrayDeserializer();
        var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes);
        var options = ParallelConsumerOptions.<byte[], byte[]>builder()
            .ordering(ProcessingOrder.KEY)
            .maxConcurrency(card.get("extra").get("at_once").asInt())
            .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
            .consumer(consumer)
            .build();
        AtomicLong began = new AtomicLong();
        AtomicInteger done = new AtomicInteger();
        AtomicBoolean isOrdered = new AtomicBoolean(true);
        Map<String, Long> last = new ConcurrentHashMap<>();
        var processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(card.get("inputs").get(0).asText()));
        processor.poll(found -> {
            began.compareAndSet(0, System.nanoTime());
            String key = new String(found.key());
            long before = last.getOrDefault(key, -1L);
            last.put(key, found.offset());
            try {
                Thread.sleep(found.offset() * 7919 % 51 / 10, (int) (found.offset() * 7919 % 10) * 100_000);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
            if (before > found.offset() || last.get(key) != found.offset()) isOrdered.set(false);
            if (done.incrementAndGet() == total) report(card, (System.nanoTime() - began.get()) / 1e9, isOrdered.get());
        });
    }

    static void report(JsonNode card, double seconds, boolean isOrdered) {
        try {
            Files.writeString(Path.of(card.get("report").asText()), seconds + (isOrdered ? " 1" : " 0"));
        } catch (IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }
}
