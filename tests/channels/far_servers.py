"""A webhook's receiver, an SMTP server and a Kafka as far ends of channels."""

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from streams.contracts.headers import text
from streams.contracts.settings import Settings
from streams.domain.delivery import Delivery
from streams.runtime import clients
from streams.runtime.outside import Cluster
from tests import certificate, smtp_server
from tests.channels.deliveries import delivery
from tests.channels.far_ends import FarEnd, Got, Stanza
from tests.kafka_server import KafkaServer
from tests.smtp_server import SmtpServer
from tests.worker import free_port


def _secret(letter: bytes) -> str:
    return "whsec_" + base64.b64encode(letter * 24).decode()


class WebhookEnd(FarEnd):
    """It runs on the test's own loop, and knows a wrong signature."""

    stranger = "HTTP 401"

    def __init__(self) -> None:
        super().__init__()
        self._port, self._status, self._got = free_port(), 204, list[Got]()
        self._server: TestServer | None = None

    def stanza(self, is_stranger: bool) -> Stanza:
        env = {"ACME_SECRET": _secret(b"x" if is_stranger else b"k")}
        target = f"http://127.0.0.1:{self._port}/leads"
        return "webhook", target, {"secret_env": "ACME_SECRET", "allow_private": True}, env

    async def prepare(self) -> None:
        if self._server is None:
            app = web.Application()
            app.router.add_post("/leads", self._answer)
            self._server = TestServer(app, port=self._port)
            await self._server.start_server()

    async def got(self) -> list[Got]:
        return self._got

    async def go_away(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def come_back(self) -> None:
        await self.prepare()

    async def refuse(self) -> Delivery:
        self._status = 422
        return delivery()

    async def relent(self) -> None:
        self._status = 204

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        try:
            Verifier(_secret(b"k")).verify(body, dict(request.headers))
        except WebhookVerificationError:
            return web.Response(status=401)
        if self._status == 204:
            self._got.append(Got(request.headers["webhook-id"], json.loads(body)["data"]["lead_id"]))
        return web.Response(status=self._status)


class SmtpEnd(FarEnd):
    def __init__(self, server: SmtpServer) -> None:
        super().__init__()
        self.server = server

    def stanza(self, is_stranger: bool) -> Stanza:
        letter = {"from": "shop@example.com", "to": "{lead_id}@example.org", "subject": "Lead {lead_id}"}
        own = {**letter, "tls": "none", "user_env": "ACME_USER", "password_env": "ACME_PASS"}
        env = {"ACME_USER": smtp_server.USER, "ACME_PASS": "wrong" if is_stranger else smtp_server.PASSWORD}
        return (
            "smtp",
            f"127.0.0.1:{self.server.port}",
            own | {"user_env": "ACME_USER", "password_env": "ACME_PASS"},
            env,
        )

    async def prepare(self) -> None:
        """Everybody may get mail."""

    async def got(self) -> list[Got]:
        ids = [each.message["Message-ID"].strip("<>") for each in self.server.mails]
        keys = [each.to[0].partition("@")[0] for each in self.server.mails]
        return [Got(number.removesuffix("@example.com"), key) for number, key in zip(ids, keys, strict=True)]

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        self.server.start()

    async def refuse(self) -> Delivery:
        self.server.tell(rcpt="550 5.1.1 nobody here")
        return delivery()

    async def relent(self) -> None:
        self.server.tell()


class KafkaWithLogin(KafkaServer):
    """A broker with a second door, `login`: TLS, with user and password."""

    def __init__(self, extra: Mapping[str, str] | None = None) -> None:
        port, login, controller = free_port(), free_port(), free_port()
        users = 'user_acme="right" user_crossdock="right"'
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        super().__init__(
            {
                "listeners": f"PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login},CONTROLLER://127.0.0.1:{controller}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login}",
                "controller.quorum.voters": f"1@127.0.0.1:{controller}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,CONTROLLER:PLAINTEXT",
                "listener.name.login.sasl.enabled.mechanisms": "PLAIN",
                "listener.name.login.plain.sasl.jaas.config": f"{module} required {users};",
                **(extra or {}),
            },
            port,
        )
        self.login, self._pem = f"127.0.0.1:{login}", self.home / "login.pem"
        certificate.write(self._pem)
        store = {"keystore.type": "PEM", "keystore.location": str(self._pem)}
        self._extra |= {f"listener.name.login.ssl.{name}": value for name, value in store.items()}

    def properties(self, user: str, password: str = "right") -> Path:
        """A file of librdkafka properties for the second door."""
        file = self.home / f"{uuid4().hex}.properties"
        tls = ["security.protocol=SASL_SSL", f"ssl.ca.location={self._pem}"]
        login = ["sasl.mechanism=PLAIN", f"sasl.username={user}", f"sasl.password={password}"]
        file.write_text("\n".join([*tls, *login]), encoding="utf-8")
        return file


class KafkaEnd(FarEnd):
    def __init__(self, server: KafkaWithLogin) -> None:
        super().__init__()
        self.server = server

    def stanza(self, is_stranger: bool) -> Stanza:
        file = self.server.properties("acme", "wrong" if is_stranger else "right")
        return "kafka", self.server.login, {"topic": self.name, "config_env": "ACME_KAFKA"}, {"ACME_KAFKA": str(file)}

    async def prepare(self) -> None:
        admin = clients.admin(Settings(broker=self.server.bootstrap))
        topic = NewTopic(self.name, 2, 1, config={"max.message.bytes": "5000"})
        for made in admin.create_topics([topic]).values():
            await asyncio.to_thread(made.result)

    async def got(self) -> list[Got]:
        cluster = Cluster(Settings(broker=self.server.bootstrap))
        records = cluster.read(cluster.places(self.name))
        return [Got(str(text(each.headers, "ce_id")), (each.key or b"").decode()) for each in records]

    async def go_away(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def refuse(self) -> Delivery:
        return delivery(raw=b"x" * 20_000)

    async def relent(self) -> None:
        """A small record passes."""
