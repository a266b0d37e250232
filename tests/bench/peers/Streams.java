// A contestant: Kafka Streams, processor API, one thread. java -cp … Streams CARD
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public class Streams {
    static final long MAX_AGE_MS = 2 * 3600 * 1000;

    /** Avro in Confluent's framing; reader, writer, decoder and encoder are reused. */
    static final class Avro {
        final Schema schema;
        private final int id;
        private final GenericDatumReader<GenericRecord> reader;
        private final GenericDatumWriter<GenericRecord> writer;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream(1024);
        private BinaryDecoder decoder;
        private BinaryEncoder encoder;

        Avro(JsonNode schema, int id) {
            this.schema = new Schema.Parser().parse(schema.toString());
            this.id = id;
            reader = new GenericDatumReader<>(this.schema);
            writer = new GenericDatumWriter<>(this.schema);
        }

        GenericRecord decoded(byte[] value) {
            try {
                decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, decoder);
                return reader.read(null, decoder);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }

        byte[] encoded(GenericRecord record) {
            try {
                body.reset();
                body.write(0);
                for (int shift = 24; shift >= 0; shift -= 8) body.write(id >> shift);
                encoder = EncoderFactory.get().directBinaryEncoder(body, encoder);
                writer.write(record, encoder);
                encoder.flush();
                return body.toByteArray();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }

    /** One row's rule; subclasses as in bare_rules.py. */
    abstract static class Rule implements Processor<byte[], byte[], byte[], byte[]> {
        final Map<String, Avro> inputs = new HashMap<>();
        final Avro out;
        final Avro log;
        ProcessorContext<byte[], byte[]> context;
        KeyValueStore<byte[], byte[]> store;

        Rule(JsonNode card) {
            for (JsonNode topic : card.get("inputs")) inputs.put(topic.asText(), avro(card, topic.asText()));
            out = avro(card, card.get("out").asText());
            String changelog = card.get("changelog").asText();
            log = changelog.isEmpty() ? null : avro(card, changelog);
        }

        private static Avro avro(JsonNode card, String topic) {
            return new Avro(card.get("schemas").get(topic), card.get("ids").get(topic).asInt());
        }

        @Override
        public void init(ProcessorContext<byte[], byte[]> given) {
            context = given;
            store = log == null ? null : given.getStateStore("state");
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            String topic = context.recordMetadata().get().topic();
            handle(inputs.get(topic).decoded(record.value()), record);
        }

        GenericRecord known(byte[] key) {
            byte[] value = store.get(key);
            return value == null ? null : log.decoded(value);
        }

        void publish(String key, GenericRecord output, Record<byte[], byte[]> cause) {
            context.forward(cause.withKey(key.getBytes()).withValue(out.encoded(output)));
        }

        abstract void handle(GenericRecord event, Record<byte[], byte[]> record);
    }

    static final class Started extends Rule {
        Started(JsonNode card) {
            super(card);
        }

        @Override
        void handle(GenericRecord order, Record<byte[], byte[]> record) {
            GenericRecord customer = (GenericRecord) order.get("customer");
            Set<Object> categories = new LinkedHashSet<>();
            for (Object item : (List<?>) order.get("items")) categories.add(((GenericRecord) item).get("category"));
            Schema within = out.schema.getField("lead").schema();
            GenericRecord lead = new GenericData.Record(within);
            String number = "lead-" + order.get("order_id");
            lead.put("lead_id", number);
            lead.put("order_id", order.get("order_id"));
            lead.put("city", customer.get("city"));
            lead.put("state", customer.get("state"));
            lead.put("categories", List.copyOf(categories));
            lead.put("total_cents", order.get("total_cents"));
            lead.put("priority", order.get("priority").toString());
            GenericRecord output = new GenericData.Record(out.schema);
            output.put("lead_id", number);
            output.put("lead", lead);
            output.put("expires_at", record.timestamp() + MAX_AGE_MS);
            publish(number, output, record);
        }
    }

    static final class Lead extends Rule {
        Lead(JsonNode card) {
            super(card);
        }

        @Override
        void handle(GenericRecord event, Record<byte[], byte[]> record) {
            GenericRecord lead = known(record.key());
            if (lead == null) lead = fresh(new String(record.key()));
            lead.put("seen", (Long) lead.get("seen") + 1);
            if (event.hasField("items")) {
                lead.put("total_cents", event.get("total_cents"));
            } else if (event.hasField("wave")) {
                offers(lead).add(event.get("provider_id"));
            } else if (lead.get("winner") == null) {
                lead.put("winner", event.get("provider_id"));
                publish(lead.get("lead_id").toString(), won(lead, record.timestamp()), record);
            }
            store.put(record.key(), log.encoded(lead));
        }

        @SuppressWarnings("unchecked")
        private static List<Object> offers(GenericRecord lead) {
            return (List<Object>) lead.get("offers");
        }

        private GenericRecord fresh(String key) {
            GenericRecord lead = new GenericData.Record(log.schema);
            lead.put("lead_id", key);
            lead.put("total_cents", 0L);
            lead.put("offers", new GenericData.Array<Object>(3, log.schema.getField("offers").schema()));
            lead.put("seen", 0L);
            return lead;
        }

        private GenericRecord won(GenericRecord lead, long at) {
            GenericRecord output = new GenericData.Record(out.schema);
            output.put("lead_id", lead.get("lead_id"));
            output.put("order_id", lead.get("lead_id"));
            output.put("provider_id", lead.get("winner"));
            output.put("wave", 1L);
            output.put("accepted_at", at);
            return output;
        }
    }

    static final class Counted extends Rule {
        Counted(JsonNode card) {
            super(card);
        }

        @Override
        void handle(GenericRecord event, Record<byte[], byte[]> record) {
            GenericRecord seen = known(record.key());
            long count = seen == null ? 1 : (Long) seen.get("count") + 1;
            GenericRecord state = new GenericData.Record(log.schema);
            state.put("count", count);
            GenericRecord output = new GenericData.Record(out.schema);
            output.put("order_id", event.get("order_id"));
            output.put("customer_id", "");
            output.put("total_cents", count);
            output.put("item_count", 1L);
            publish(event.get("order_id").toString(), output, record);
            store.put(record.key(), log.encoded(state));
        }
    }

    static Rule rule(JsonNode card) {
        return switch (card.get("row").asText()) {
            case "w2" -> new Started(card);
            case "w3" -> new Lead(card);
            case "keys" -> new Counted(card);
            default -> throw new IllegalArgumentException("no rule for this row");
        };
    }

    static Topology topology(JsonNode card) {
        List<String> topics = new java.util.ArrayList<>();
        card.get("inputs").forEach(topic -> topics.add(topic.asText()));
        var bytes = new ByteArrayDeserializer();
        var raw = new ByteArraySerializer();
        Topology made = new Topology();
        made.addSource("in", bytes, bytes, topics.toArray(String[]::new));
        made.addProcessor("rule", () -> rule(card), "in");
        if (!card.get("changelog").asText().isEmpty()) {
            var supplier = Stores.persistentKeyValueStore("state");
            var store = Stores.keyValueStoreBuilder(supplier, Serdes.ByteArray(), Serdes.ByteArray());
            made.addStateStore(store.withCachingDisabled(), "rule");
        }
        made.addSink("out", card.get("out").asText(), raw, raw, "rule");
        return made;
    }

    public static void main(String[] arguments) throws IOException {
        JsonNode card = new ObjectMapper().readTree(new File(arguments[0]));
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, card.get("group").asText());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, card.get("broker").asText());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, card.get("state_dir").asText());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, card.get("guarantee").asText());
        settings.put(StreamsConfig.producerPrefix("linger.ms"), "5");
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        KafkaStreams streams = new KafkaStreams(topology(card), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
