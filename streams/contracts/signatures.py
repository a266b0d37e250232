"""Standard Webhooks: signatures by one or several secrets, v1 (HMAC-SHA256, whsec_) and v1a (ed25519, whsk_)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

_SEED = 32
_BOTH_HALVES = 64  # the seed with the public key behind it, as some libraries keep it

Sign = Callable[[bytes], str]


class NoSecret(ValueError):
    """A variable holds no secret to sign with; the message names the variable and never its value."""


def variables(option: str | Iterable[str]) -> list[str]:
    """The names in `secret_env`, which is one or a list of them."""
    return [name for name in ([option] if isinstance(option, str) else option) if name]


def signer(option: str | Iterable[str], env: Mapping[str, str]) -> Callable[[str, str, bytes], str]:
    """Signs (id, timestamp, body) as a webhook-signature header says it: a signature of each secret, in their order.

    A variable may hold several secrets, with blanks between them, while one takes over from another. Raises NoSecret.
    """
    signs = [_sign(secret, name) for name in variables(option) for secret in _held(name, env)]
    if not signs:
        raise NoSecret("a webhook needs secret_env: the name of the variable that holds its secret")

    def signed(id: str, timestamp: str, body: bytes) -> str:
        said = f"{id}.{timestamp}.".encode() + body
        return " ".join(sign(said) for sign in signs)

    return signed


def is_signed_by(secret: str, header: str, id: str, timestamp: str, body: bytes) -> bool:
    """Whether one of a header's signatures is v1a by this whsk_ secret, checked with its public half as partners do."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(_public(_key(secret, "whsk_", "the secret")))
    for version, _, signature in (each.partition(",") for each in header.split(" ")):
        with suppress(InvalidSignature, ValueError):
            if version == "v1a":
                public.verify(b64decode(signature), f"{id}.{timestamp}.".encode() + body)
                return True
    return False


def _held(name: str, env: Mapping[str, str]) -> list[str]:
    found = env.get(name, "").split()
    if not found:
        raise NoSecret(f"{name} is not set; it must hold the webhook's secret, whsec_ or whsk_ and base64")
    return found


def _sign(secret: str, name: str) -> Sign:
    return _ed25519(_key(secret, "whsk_", name)) if secret.startswith("whsk_") else _hmac(_key(secret, "whsec_", name))


def _key(secret: str, prefix: str, name: str) -> bytes:
    encoded = secret.removeprefix(prefix)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key or encoded == secret:
        raise NoSecret(f"{name} is not a webhook secret; it must be whsec_ or whsk_ and base64")
    if prefix == "whsk_" and (len(key) not in (_SEED, _BOTH_HALVES) or _is_mismatched(key)):
        raise NoSecret(f"{name} is no ed25519 secret key; whsk_ is followed by 32 or 64 bytes in base64")
    return key


def _hmac(key: bytes) -> Sign:
    def sign(said: bytes) -> str:
        return f"v1,{b64encode(hmac.digest(key, said, 'sha256')).decode()}"

    return sign


def _ed25519(key: bytes) -> Sign:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(key[:_SEED])

    def sign(said: bytes) -> str:
        return f"v1a,{b64encode(private.sign(said)).decode()}"

    return sign


def _public(key: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key[:_SEED]).public_key().public_bytes_raw()


def _is_mismatched(key: bytes) -> bool:
    return len(key) == _BOTH_HALVES and _public(key) != key[_SEED:]
