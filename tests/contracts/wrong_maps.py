"""Mistakes one can make in the shipped map: what is replaced, by what, and what must be told of it."""

from streams.contracts.topology_file import ROOT

SHIPPED = (ROOT / "tests/map.yaml").read_text(encoding="utf-8")
SCREENED = "  order.screened.v1:       {record: OrderScreened, key: order_id, partitions: 6, retention: 7d}\n"
MATCHING = 'matching: {"on": [order.placed.v1, order.cancelled.v1], sends: [lead.start, lead.cancel], retry: quick}'
START = "lead.start: [lead.match, lead.notify_candidates, lead.await_acceptance]"
HEARS = '"on": [lead.await_acceptance, lead.cancel, provider.accepted.v1, provider.declined.v1]'
WAVES = "waves: [{size: 5, reach: city}, {size: 10, reach: state}, {size: 20, reach: country}]"
WEBHOOK = 'webhook: "http://127.0.0.1:8099/leads"'
PUBLISHES = "publishes: [order.screened.v1]"
ACCEPTED = "ProviderAcceptedLead, key: lead_id, partitions: 6"
ORDERED = "OrderPlaced, key: order_id, partitions: 6"
KAFKA = "{kafka: same, topic: partner-y.incoming.leads}"

EVENTS = [
    ("record: OrderScreened", "record: OrderScrened", "no schemas/OrderScrened.avsc; did you mean OrderScreened?"),
    ("record: OrderScreened, ", "", "record is missing; write for example record: OrderPlaced"),
    ("Screened, key: order_id", "Screened, key: oder_id", "no field oder_id to be the key; did you mean order_id?"),
    ("Screened, key: order_id", "Screened, key: reasons", "OrderScreened.reasons is no string; a key is text"),
    (SCREENED, SCREENED.replace("retention", "retenton"), "retenton is no key here; did you mean retention?"),
    (SCREENED, SCREENED.replace("7d", "7"), "retention: '7' is no duration; write a whole number and ms, s, m, h or d"),
    (SCREENED, SCREENED.replace("7d", "0s"), "retention: 0 is no duration; write more than 0"),
    (SCREENED, SCREENED.replace("7d", "99999999d"), "99999999d is longer than a century; write 36500d or less"),
    (SCREENED, SCREENED.replace("6", "0"), "partitions: 0 is no count; write a whole number from 1"),
    (SCREENED, SCREENED.replace("6", "true"), "partitions: True is no count; write a whole number from 1"),
    (SCREENED, SCREENED.replace("7d", "7d, max_bytes: 1 TB"), "'1 TB' is no size; write bytes, or a whole number and"),
    (SCREENED, SCREENED.replace("7d", "7d, compacted: 1"), "compacted: 1 is no switch; write true or false"),
    (SCREENED, "  order.screened.v1: OrderScreened\n", "is 'OrderScreened'; write a mapping, name: value"),
    (SCREENED, SCREENED.replace("screened.v1", "placed.v1"), "order.placed.v1 stands twice; keep one of the two"),
    (SCREENED, SCREENED.replace("order.screened.v1", '"a b"'), "'a b' cannot be the name of a topic; write at most"),
    (SCREENED, SCREENED.replace("screened.v1", "placed_v1"), "is to Kafka the same as order.placed.v1"),
]
RETRIES = [
    ("[1s, 5s, 30s]", "[1s, 5, 30s]", "delays: '5' is no duration; write a whole number"),
    ("[1s, 5s, 30s]", "1s", "delays is '1s'; write a list, [a, b]"),
    ("then: park", "then: stop", "then: 'stop' is not possible; write park or bury"),
    ("then: park", "them: park", "then is missing; write for example then: park"),
    ("then: park", "them: park", "them is no key here; did you mean then?"),
    ("{retry: patient}", "{retry: pateint}", "no retry ladder is called pateint; did you mean patient?"),
]
CONTEXTS = [
    ("contexts:\n", "contxts:\n", "contxts is no key here; did you mean contexts?"),
    (PUBLISHES, "publishes: [order.screend.v1]", "order.screend.v1 is no event; did you mean order.screened.v1?"),
    (PUBLISHES, "publishes: [order.placed.v1]", "order.placed.v1 is published by team-shop too; let one"),
    (PUBLISHES, "publishes: [lead.start]", "lead.start is no event; known are lead.accepted.v1, "),
    (MATCHING, MATCHING.replace("quick", "quik"), "no retry ladder is called quik; did you mean quick?"),
    (MATCHING, MATCHING.replace("matching", "matchin"), "no module streams/subscribers/matchin.py; write it; did you"),
    (MATCHING, MATCHING.replace("matching", "a-b"), "a-b cannot be the name of a Python module; write letters, digits"),
    (MATCHING, MATCHING.replace("placed", "plcaed"), "order.plcaed.v1 is no event; did you mean order.placed.v1?"),
    (MATCHING, MATCHING.replace("order.placed.v1", "lead.start"), "lead.start is no public event; known are"),
    (MATCHING, MATCHING.replace("placed", "cancelled"), "on names order.cancelled.v1 twice; keep one of the two"),
    (MATCHING, MATCHING.replace("order.placed.v1, ", "7, "), "on contains 7; write names"),
    (
        MATCHING,
        MATCHING.replace("[order.placed.v1, order.cancelled.v1]", "[]"),
        "it hears nothing; write for example on",
    ),
    (MATCHING, MATCHING.replace('"on"', "event"), "event is no key here; known are"),
    (MATCHING, MATCHING.replace("quick", "quick, from: noon"), "from: 'noon' is not possible; write beginning or now"),
    (MATCHING, MATCHING.replace("quick", "quick, order: all"), "order: 'all' is not possible; write key or none"),
    (MATCHING, MATCHING.replace("quick", "quick, dedupe: 0s"), "dedupe: 0 is no duration; write more than 0"),
    (MATCHING, MATCHING.replace("quick", "quick, max_waiting: -1"), "max_waiting: '-1' is no size; write bytes"),
    (
        MATCHING,
        MATCHING.replace("lead.cancel]", "lead.cancle]"),
        "no app reads the command lead.cancle; did you mean lead",
    ),
]
ROUTES = [
    (
        START,
        START.replace("lead.match", "lead.mtach"),
        "no module streams/steps/lead_mtach.py; write it; did you mean lead",
    ),
    (
        START,
        START.replace(", lead.await_acceptance", ""),
        "slip lead.start ends at lead.notify_candidates, which no saga",
    ),
    (
        START,
        START.replace("[", "{priority: [", 1).replace("]", "]}"),
        "slip lead.start has no stops; the last stop is one that a saga reads",
    ),
    (START, "lead.start: []", "slip lead.start has no stops; the last stop is one that a saga reads"),
    (
        START,
        START.replace("lead.match", "lead.await_acceptance"),
        "which a saga reads, and has stops behind it; put it last",
    ),
    (START, START.replace("lead.match", "order.placed.v1"), "order.placed.v1 is also in line"),
    (HEARS, HEARS.replace("accepted", "acepted"), "provider.acepted.v1 is no event, no step of a slip, and no command"),
    ("window: 15m", "window: soon", "window: 'soon' is no duration"),
    (WAVES, "waves: []", "it has no waves; write for example waves: [{size: 5, reach: city}]"),
    (WAVES, WAVES.replace("size: 10", "size: 0"), "wave 2: size: 0 is no count; write a whole number from 1"),
    (
        WAVES,
        WAVES.replace("state", "galaxy"),
        "wave 2: reach: 'galaxy' is not possible; write city or state or country",
    ),
    (WAVES, WAVES.replace("{size: 5, reach: city}", "5"), "wave 1 is 5; write a mapping"),
]
PARTNERS = [
    ("  partner_y:", "  matching:", "matching is also the name in line"),
    ("  partner_y:", "  leads:", "leads is also the name in line"),
    (KAFKA, "{kafka: same}", "topic is missing; write for example topic: acme.incoming.leads"),
    (KAFKA, "{kafka: somewhere, topic: x}", "'somewhere' is no Kafka cluster; write same, or host:port"),
    (KAFKA, "{kafca: same, topic: x}", "it names no transport; did you mean kafka?"),
    (KAFKA, '{kafka: same, topic: x, webhook: "http://x"}', "it names kafka and webhook; keep one of them"),
    (KAFKA, "same", "channel is 'same'; write a mapping"),
    (WEBHOOK, 'webhook: "ftp://x"', "'ftp://x' is no web address; write http:// or https:// and a host"),
    ("secret_env: PARTNER_X_SECRET, ", "", "secret_env is missing; write for example secret_env: PARTNER_X_SECRET"),
    ("PARTNER_X_SECRET", "whsec_c2VjcmV0", "a secret stands in the map; write the name of the environment variable"),
    (", allow_private: true", "", "http://127.0.0.1:8099/leads is no public address; allow_private: true would permit"),
    ("timeout: 10s", "timout: 10s", "timout is no key here; did you mean timeout?"),
    ("allow_private: true", "allow_private: please", "allow_private: 'please' is no switch; write true or false"),
]
# what is changed in one place shows in another: the third text begins the line of the mistake
ELSEWHERE = [
    (HEARS, HEARS.replace("lead.cancel, ", ""), MATCHING, "no app reads the command lead.cancel"),
    (
        "      lead.widen: [",
        "      lead.wider: [",
        "        sends: [lead.widen]",
        "no app reads the command lead.widen",
    ),
    (
        HEARS,
        HEARS.replace("lead.cancel", "lead.start"),
        "leads:",
        "command lead.start is read by lead.start and by leads",
    ),
    (HEARS, HEARS.replace("lead.cancel", "lead.match"), START, "ends at lead.match, which a saga reads, and has stops"),
    (
        SCREENED,
        SCREENED.replace("order.screened.v1", "matching.dead"),
        MATCHING,
        "the topic matching.dead of matching is",
    ),
    (ACCEPTED, ACCEPTED.replace("6", "3"), HEARS, "provider.declined.v1 has 6 partitions and provider.acc"),
    (ORDERED, ORDERED.replace("6", "3"), MATCHING, "order.cancelled.v1 has 6 partitions and order.placed.v1 has 3"),
    ("max_age: 2h", "", "leads:", "max_age is missing; write for example max_age: 2h"),
    ("defaults: {retry: patient}", "", START, "retry is missing and so is defaults: retry; known are patient, quick"),
    (
        KAFKA,
        "{kafka: same, topic: lead.accepted.v1}",
        "partner_y:",
        "the topic lead.accepted.v1 of partner_y is to Kafka",
    ),
    (KAFKA, "{kafka: same, topic: a b}", "partner_y:", "'a b' cannot be the name of a topic"),
]
