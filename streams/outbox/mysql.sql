-- The outbox of one database: an event is a row, written in the transaction that makes it true.
CREATE TABLE outbox (
    position   BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id         VARCHAR(255) NOT NULL DEFAULT (UUID()),           -- the event's id: the same id is one event
    type       VARCHAR(255) NOT NULL,                            -- the event's name in the map: order.placed.v1
    `key`      VARCHAR(255) NOT NULL,                            -- the aggregate: its events keep their order
    payload    LONGTEXT NOT NULL CHECK (JSON_VALID(payload)),    -- the fields of the event's record
    headers    LONGTEXT CHECK (JSON_VALID(headers)),             -- traceparent and the like: {"name": "text"}
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    relayed_at TIMESTAMP(6) NULL DEFAULT NULL,                   -- set by the relay where the stanza says keep
    INDEX outbox_open (relayed_at, position)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The relay's account. The two global grants are for by: log; MariaDB calls the second one BINLOG MONITOR.
CREATE USER relay IDENTIFIED BY 'change me';
GRANT SELECT, UPDATE, DELETE ON outbox TO relay;
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO relay;

-- One event, in the transaction that writes the order:
-- INSERT INTO outbox (type, `key`, payload) VALUES ('order.cancelled.v1', '4711', '{"order_id": "4711", "reason": "late"}');
