"""Made-up but plausible orders of a marketplace of small providers; the same seed makes the same orders."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from streams.domain.events import Customer, Item, OrderCancelled, OrderPlaced, ProviderProfile
from streams.ops.rows import Row

_CATEGORIES = (
    "bed_linen", "skin_care", "running", "living_room", "desk_setup", "kitchenware", "wristwatches", "phone_cases",
    "garden_tools", "board_games", "car_parts", "baby_care", "small_appliances", "lighting", "stationery",
    "pet_supplies", "headphones", "bags", "cookbooks", "musical_instruments", "air_conditioning", "camping",
    "ceramics", "power_tools", "vinyl_records", "bicycles", "wine", "sewing", "telescopes", "aquariums",
)  # fmt: skip
_PLACES = (
    (26, "sao paulo", "SP", "01"), (7, "campinas", "SP", "13"), (5, "santos", "SP", "11"), (4, "sorocaba", "SP", "18"),
    (10, "rio de janeiro", "RJ", "20"), (3, "niteroi", "RJ", "24"), (6, "belo horizonte", "MG", "30"),
    (3, "uberlandia", "MG", "38"), (2, "juiz de fora", "MG", "36"), (4, "porto alegre", "RS", "90"),
    (2, "caxias do sul", "RS", "95"), (4, "curitiba", "PR", "80"), (2, "londrina", "PR", "86"),
    (2, "florianopolis", "SC", "88"), (2, "joinville", "SC", "89"), (3, "salvador", "BA", "40"),
    (2, "brasilia", "DF", "70"), (2, "goiania", "GO", "74"), (2, "vitoria", "ES", "29"), (2, "recife", "PE", "50"),
    (1, "fortaleza", "CE", "60"), (1, "belem", "PA", "66"), (1, "natal", "RN", "59"), (1, "manaus", "AM", "69"),
)  # fmt: skip
_CATEGORY_WEIGHTS = list(accumulate(1 / (rank + 2) for rank in range(len(_CATEGORIES))))
_PLACE_WEIGHTS = list(accumulate(place[0] for place in _PLACES))
_ITEM_COUNTS, _ITEM_WEIGHTS = (1, 2, 3, 4), (0.90, 0.97, 0.99, 1.0)
_CANCELLED_SHARE, _CANCELLED_AFTER_S = 0.01, 2.0
_PRIORITY_FROM_CENTS = 500_00
_FIRST_DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
_SECONDS_BETWEEN = 90.0
_FILE = "generated orders"


def generate(seed: int, count: int) -> Iterator[Row]:
    """Providers first, then `count` orders, about 1 % of them cancelled two seconds after they were sent."""
    chance = Random(seed)
    for number in range(1, _provider_count(count) + 1):
        yield Row(_FILE, number, _provider(chance))
    placed_at = _FIRST_DAY
    for number in range(1, count + 1):
        placed_at += timedelta(seconds=round(chance.expovariate(1 / _SECONDS_BETWEEN)))
        order = _order(chance, placed_at)
        yield Row(_FILE, number, order)
        if chance.random() < _CANCELLED_SHARE:
            cancelled = OrderCancelled(order_id=order.order_id, reason="changed_mind")
            yield Row(_FILE, number, cancelled, after_s=_CANCELLED_AFTER_S)


def _provider_count(orders: int) -> int:
    return min(2_000, max(100, orders // 3))


def _provider(chance: Random) -> ProviderProfile:
    _, city, state, _ = _place(chance)
    sold = chance.choices(_CATEGORIES, cum_weights=_CATEGORY_WEIGHTS, k=chance.choice((1, 1, 2, 3)))
    provider_id = _id(chance)
    accepting = chance.random() < 0.97
    return ProviderProfile(
        provider_id=provider_id, categories=sorted(set(sold)), city=city, state=state, accepting=accepting
    )


def _order(chance: Random, placed_at: datetime) -> OrderPlaced:
    _, city, state, zip_area = _place(chance)
    count = chance.choices(_ITEM_COUNTS, cum_weights=_ITEM_WEIGHTS)[0]
    items = [_item(chance)] * count if chance.random() < 0.7 else [_item(chance) for _ in range(count)]
    total_cents = sum(each.price_cents + each.freight_cents for each in items)
    zip_prefix = f"{zip_area}{chance.randrange(1000):03}"
    return OrderPlaced(
        order_id=_id(chance),
        customer=Customer(customer_id=_id(chance), city=city, state=state, zip_prefix=zip_prefix),
        items=items,
        total_cents=total_cents,
        priority="priority" if total_cents >= _PRIORITY_FROM_CENTS else "standard",
        placed_at=placed_at,
    )


def _item(chance: Random) -> Item:
    category = chance.choices(_CATEGORIES, cum_weights=_CATEGORY_WEIGHTS)[0]
    price_cents = max(390, round(chance.lognormvariate(math.log(75_00), 0.9)))
    freight_cents = max(500, round(chance.lognormvariate(math.log(16_50), 0.5)))
    return Item(product_id=_id(chance), category=category, price_cents=price_cents, freight_cents=freight_cents)


def _place(chance: Random) -> tuple[int, str, str, str]:
    return chance.choices(_PLACES, cum_weights=_PLACE_WEIGHTS)[0]


def _id(chance: Random) -> str:
    return f"{chance.getrandbits(128):032x}"
