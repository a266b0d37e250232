"""A certificate for 127.0.0.1 that signs itself, and its key, in one file of PEM."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import CertificateBuilder, IPAddress, Name, NameAttribute, SubjectAlternativeName
from cryptography.x509 import random_serial_number as serial
from cryptography.x509.oid import NameOID


def write(file: Path) -> None:
    """First the key, then the certificate, as Kafka's PEM key stores want it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = Name([NameAttribute(NameOID.COMMON_NAME, "crossdock-test")])
    built = CertificateBuilder(name, name, key.public_key(), serial(), now - timedelta(1), now + timedelta(1))
    built = built.add_extension(SubjectAlternativeName([IPAddress(ip_address("127.0.0.1"))]), critical=False)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
