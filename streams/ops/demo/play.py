"""The acts of a demo, once Kafka is up: set the stage, let orders flow, wait for the end, measure, judge."""

import time
from dataclasses import dataclass

from streams.contracts.settings import Settings
from streams.ops import schemas, topics
from streams.ops.demo.asking import ask
from streams.ops.demo.children import Child, Children
from streams.ops.demo.failed import DemoFailed
from streams.ops.demo.load import Load, usage
from streams.ops.demo.place import Place
from streams.ops.demo.report import Played
from streams.ops.demo.stage import Stage
from streams.ops.demo.supply import Supply, Wish, supplied
from streams.ops.demo.view import Say, rows
from streams.ops.demo.watch import Watch
from streams.ops.kafka.probe import HOST, free_port
from streams.ops.laws import judge, read, taken_from_log
from streams.runtime.outside import Cluster

_GLANCE_S = 0.1
_LOOK_S = 0.5
_LIVE_S = 120.0
_REST_S = 5.0
_STALL_S = 60.0  # beyond the max age: longer than any retry of the simulated failures should take
_FAIL_RATE = "0.02"  # of deliveries to a simulated webhook: without a retry there would be little to see


@dataclass(frozen=True, slots=True)
class Play:
    settings: Settings
    stage: Stage
    place: Place
    children: Children
    say: Say

    def perform(self, wish: Wish) -> Played:
        """Raises DemoFailed where a process ends or nothing happens any more; Interrupted."""
        self._invite_partners()
        topics.apply(self.settings, self.stage.topology, self.say.step)
        port = free_port()
        apps = self.children.start("run", ["run", "--metrics-port", str(port)])
        providers = self.children.start("providers", ["simulate", "providers"])
        self.say("publishing schemas")
        schemas.publish(self.settings, self.stage.topology)
        self._until_live(port)
        with Watch(self.settings, self.stage) as watch, supplied(self.settings, self.stage.topology, wish) as supply:
            self._until_over(watch, supply, apps)
            self.children.stop(providers)
            self._until_over(watch, supply, apps)
            return self._judged(watch, supply, self._rest(apps))

    def _invite_partners(self) -> None:
        for partner, port in self.stage.ports.items():
            log = str(self.place.deliveries(partner))
            wanted = ["--port", str(port), "--log", log, "--fail-rate", _FAIL_RATE]
            self.children.start(partner, ["simulate", "partner", partner, *wanted])

    def _until_live(self, port: int) -> None:
        """Orders that came before would wait, and would say nothing about how fast the apps are."""
        deadline = time.monotonic() + _LIVE_S
        while not (ready := ask(port, "ready")).get("ok"):
            waiting = [f"{app['app']} is {app['state']} {app['detail']}".strip() for app in ready.get("apps", ())
                       if app["state"] != "live"]  # fmt: skip
            self.children.check()
            if time.monotonic() > deadline:
                raise DemoFailed("\n  ".join([f"the apps are not live after {_LIVE_S:.0f} s:", *waiting]))
            page = f"http://{HOST}:{port}/metrics"
            self.say("starting the apps", {"metrics": page, "not live yet": str(len(waiting))})
            self.say.pause(_GLANCE_S)

    def _until_over(self, watch: Watch, supply: Supply, apps: Child) -> None:
        patience = self.stage.max_age.total_seconds() + _STALL_S
        while missing := supply.missing() + watch.missing():
            self.children.check()
            if time.monotonic() > watch.changed_at + patience:
                raise DemoFailed(self._stalled(patience, missing, apps))
            watch.look(_LOOK_S)
            self.say("orders flow" if not supply.is_over else "waiting for the last leads", rows(watch, supply.sent))

    def _stalled(self, patience: float, missing: list[str], apps: Child) -> str:
        what = "\n  ".join([f"nothing has happened for {patience:.0f} s, and this is missing:", *missing])
        return f"{what}\nall logs are in {self.place.root}; the end of {apps.log.name} says:\n{apps.last_lines}"

    def _rest(self, apps: Child) -> Load | None:
        """What the apps cost with nothing to do."""
        self.say("measuring the apps at rest")
        before = usage(apps.process.pid)
        began = time.monotonic()
        self.say.pause(_REST_S)
        after, seconds = usage(apps.process.pid), time.monotonic() - began
        return after.since(before, seconds) if before and after else None

    def _judged(self, watch: Watch, supply: Supply, at_rest: Load | None) -> Played:
        watch.look(_LOOK_S)
        self.say("judging")
        self.children.stop()
        taken = {partner: taken_from_log(self.place.deliveries(partner)) for partner in self.stage.ports}
        history = read(Cluster(self.settings), self.stage.topology, taken)
        shown = rows(watch, supply.sent)
        return Played(shown, history, judge(history), watch.tally.first_accepted_ms, at_rest)
